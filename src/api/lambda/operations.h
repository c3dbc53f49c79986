#pragma once

#include "api/bind.h"
#include "api/lambda/errors.h"
#include "function/function_service.h"

/// Every operation on functions, one file each: its declaration and the handler bound to it.
namespace penstock::api::lambda {

using function::FunctionService;

front::Operation create_function(FunctionService& functions);
front::Operation get_function(FunctionService& functions);
front::Operation get_function_configuration(FunctionService& functions);
front::Operation update_function_code(FunctionService& functions);
front::Operation update_function_configuration(FunctionService& functions);
front::Operation delete_function(FunctionService& functions);
front::Operation list_functions(FunctionService& functions);
front::Operation invoke(FunctionService& functions);

shape::OperationInfo create_function_shape();
shape::OperationInfo get_function_shape();
shape::OperationInfo get_function_configuration_shape();
shape::OperationInfo update_function_code_shape();
shape::OperationInfo update_function_configuration_shape();
shape::OperationInfo delete_function_shape();
shape::OperationInfo list_functions_shape();
shape::OperationInfo invoke_shape();

}  // namespace penstock::api::lambda
