module penstock/go-bootstrap

go 1.18

require github.com/aws/aws-lambda-go v1.53.0
