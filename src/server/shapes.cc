#include "server/shapes.h"

#include "api/kinesis/service.h"
#include "api/lambda/event_source_mapping.h"
#include "api/lambda/service.h"
#include "api/sqs/service.h"
#include "shape/describe_json.h"

#include <cstdio>
#include <string>

namespace penstock::server {

int shapes_main(int, char**) {
  std::vector<shape::OperationInfo> lambda = api::lambda::lambda_shapes();
  for (const shape::OperationInfo& info : api::lambda::event_source_mapping_shapes()) {
    lambda.push_back(info);
  }
  std::string out = "{\"kinesis\":";
  shape::describe_json(api::kinesis::kinesis_shapes(), out);
  out += ",\"lambda\":";
  shape::describe_json(lambda, out);
  out += ",\"sqs\":";
  shape::describe_json(api::sqs::sqs_shapes(), out);
  out += "}\n";
  std::fputs(out.c_str(), stdout);
  return 0;
}

}  // namespace penstock::server
