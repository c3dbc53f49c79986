// A bootstrap for the provided runtimes, with the public runtime client as Go users have it.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Reply is what an invocation answers; a mapping ignores it.
type Reply struct {
	Records   int
	RequestID string
	Function  string
}

// handle prints every record as stand.py's function does, and fails on one that says so.
func handle(ctx context.Context, event events.KinesisEvent) (Reply, error) {
	for _, record := range event.Records {
		data := record.Kinesis.Data
		fmt.Printf("got %s %d %x\n", record.Kinesis.PartitionKey, len(data), sha256.Sum256(data))
		if string(data) == "fail" {
			return Reply{}, fmt.Errorf("told to fail by %s", record.Kinesis.PartitionKey)
		}
	}
	reply := Reply{Records: len(event.Records), Function: lambdacontext.FunctionName}
	if lambda, ok := lambdacontext.FromContext(ctx); ok {
		reply.RequestID = lambda.AwsRequestID
	}
	return reply, nil
}

func main() {
	lambda.Start(handle)
}
