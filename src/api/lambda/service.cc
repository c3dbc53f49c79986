#include "api/lambda/service.h"

#include "api/lambda/operations.h"

namespace penstock::api::lambda {

front::Service make_lambda_service(function::FunctionService& functions,
                                   std::vector<front::Operation> further) {
  front::Service service{.name = "lambda"};
  for (front::Operation (*const make)(FunctionService&) :
       {&create_function, &get_function, &get_function_configuration, &update_function_code,
        &update_function_configuration, &delete_function, &list_functions, &invoke}) {
    service.operations.push_back(make(functions));
  }
  for (front::Operation& operation : further) service.operations.push_back(std::move(operation));
  return service;
}

std::vector<shape::OperationInfo> lambda_shapes() {
  return {create_function_shape(),
          get_function_shape(),
          get_function_configuration_shape(),
          update_function_code_shape(),
          update_function_configuration_shape(),
          delete_function_shape(),
          list_functions_shape(),
          invoke_shape()};
}

}  // namespace penstock::api::lambda
