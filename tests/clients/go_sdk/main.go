// The story of story.py with the AWS SDK for Go 2 as it comes. Endpoint and credentials come from the environment.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"math/big"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

const recordBytes = 300 * 1024

var (
	ctx     = context.Background()
	quarter = new(big.Int).Lsh(big.NewInt(1), 126)
	half    = new(big.Int).Lsh(big.NewInt(1), 127)
	last    = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))
	client  *kinesis.Client
	stream  *string
)

func fact(words ...any) {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = fmt.Sprint(word)
	}
	fmt.Println(strings.Join(texts, "\t"))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func shard(number int) *string { return aws.String(fmt.Sprintf("shardId-%012d", number)) }

// The administrator's paths are signed too; the command line does that with our variables.
func advance(milliseconds int) {
	must(exec.Command(os.Getenv("PENSTOCK_BIN"), "clock", "advance", fmt.Sprintf("%dms", milliseconds)).Output())
}

func waitUntilActive() {
	waiter := kinesis.NewStreamExistsWaiter(client, func(o *kinesis.StreamExistsWaiterOptions) { o.MinDelay = time.Second })
	if err := waiter.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: stream}, time.Minute); err != nil {
		log.Fatal(err)
	}
}

func summary() *types.StreamDescriptionSummary {
	return must(client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: stream})).StreamDescriptionSummary
}

func create() {
	must(client.CreateStream(ctx, &kinesis.CreateStreamInput{
		StreamName: stream, ShardCount: aws.Int32(2), Tags: map[string]string{"made-by": "story"}}))
	waitUntilActive()
	made := summary()
	fact("created", made.StreamStatus, *made.OpenShardCount, *made.RetentionPeriodHours, made.StreamModeDetails.StreamMode)
	pages := kinesis.NewListStreamsPaginator(client, &kinesis.ListStreamsInput{Limit: aws.Int32(1)})
	for pages.HasMorePages() {
		for _, name := range must(pages.NextPage(ctx)).StreamNames {
			if name == *stream {
				fact("listed", name)
			}
		}
	}
}

func put(key, text string, hashKey *big.Int) {
	reply := must(client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: stream, PartitionKey: &key, Data: []byte(text),
		ExplicitHashKey: aws.String(hashKey.String())}))
	fact("put", key, *reply.ShardId, *reply.SequenceNumber)
}

func putBatch() {
	var entries []types.PutRecordsRequestEntry
	for n := byte(0); n < 4; n++ {
		entries = append(entries, types.PutRecordsRequestEntry{PartitionKey: aws.String(fmt.Sprintf("key-%d", n)),
			ExplicitHashKey: aws.String("0"), Data: bytes.Repeat([]byte{'a' + n}, recordBytes)})
	}
	for len(entries) > 0 {
		reply := must(client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: stream, Records: entries}))
		fact("failed", *reply.FailedRecordCount)
		var refused []types.PutRecordsRequestEntry
		for i, result := range reply.Records {
			if result.ErrorCode != nil {
				fact("refused", *entries[i].PartitionKey, *result.ErrorCode, *result.ErrorMessage)
				refused = append(refused, entries[i])
			}
		}
		if entries = refused; len(entries) > 0 {
			advance(1000)
		}
	}
}

func orNone(text *string) string {
	if text == nil {
		return "-"
	}
	return *text
}

func shards() {
	for next := (&kinesis.ListShardsInput{StreamName: stream, MaxResults: aws.Int32(1)}); next != nil; {
		page := must(client.ListShards(ctx, next))
		for _, each := range page.Shards {
			state := "open"
			if each.SequenceNumberRange.EndingSequenceNumber != nil {
				state = "closed"
			}
			fact("shard", *each.ShardId, *each.HashKeyRange.StartingHashKey, *each.HashKeyRange.EndingHashKey,
				orNone(each.ParentShardId), orNone(each.AdjacentParentShardId), state)
		}
		next = nil
		if page.NextToken != nil {
			next = &kinesis.ListShardsInput{NextToken: page.NextToken, MaxResults: aws.Int32(1)}
		}
	}
}

func reshard() {
	must(client.SplitShard(ctx, &kinesis.SplitShardInput{
		StreamName: stream, ShardToSplit: shard(0), NewStartingHashKey: aws.String(quarter.String())}))
	waitUntilActive()
	must(client.MergeShards(ctx, &kinesis.MergeShardsInput{
		StreamName: stream, ShardToMerge: shard(3), AdjacentShardToMerge: shard(1)}))
	waitUntilActive()
}

func iteratorOf(shardID *string, position types.ShardIteratorType) *string {
	return must(client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: stream, ShardId: shardID, ShardIteratorType: position})).ShardIterator
}

// To its end when it is closed, else to its tip. Gives the children that its last page names.
func readShard(shardID *string) []types.ChildShard {
	iterator := iteratorOf(shardID, types.ShardIteratorTypeTrimHorizon)
	for {
		page := must(client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator}))
		for _, record := range page.Records {
			fact("record", *shardID, *record.PartitionKey, len(record.Data), fmt.Sprintf("%x", sha256.Sum256(record.Data)))
		}
		if page.NextShardIterator == nil {
			return page.ChildShards
		}
		if len(page.Records) == 0 && *page.MillisBehindLatest == 0 {
			return nil
		}
		iterator = page.NextShardIterator
	}
}

func readAll() {
	ready, read := []string{*shard(0), *shard(1)}, map[string]bool{}
	for len(ready) > 0 {
		next := ready[0]
		ready = ready[1:]
		children := readShard(&next)
		read[next] = true
		for _, child := range children {
			fact("child", next, *child.ShardId)
			unread := 0
			for _, parent := range child.ParentShards {
				if !read[parent] {
					unread++
				}
			}
			if unread == 0 {
				ready = append(ready, *child.ShardId)
			}
		}
	}
}

func subscribe(consumer, shardID *string, from *types.StartingPosition) (*kinesis.SubscribeToShardOutput, error) {
	return client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
		ConsumerARN: consumer, ShardId: shardID, StartingPosition: from})
}

// To its end when it is closed, else to its tip.
func readPushed(consumer, shardID *string, isClosed bool) {
	from := &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}
	for !readSubscription(consumer, shardID, &from, isClosed) {
		// One that broke is made again, as readers do, when AWS allows it. The SDK breaks some by itself: it closes the
		// body of a request when the reply comes, and if Go's writer finds it closed it closes the connection.
		advance(5_000)
	}
}

// Moves the position on with every event. False when the subscription broke.
func readSubscription(consumer, shardID *string, from **types.StartingPosition, isClosed bool) bool {
	pushed := must(subscribe(consumer, shardID, *from)).GetStream()
	defer pushed.Close()
	for each := range pushed.Events() {
		event := each.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
		for _, record := range event.Records {
			fact("pushed", *shardID, *record.PartitionKey, len(record.Data))
		}
		for _, child := range event.ChildShards {
			fact("branch", *shardID, *child.ShardId)
		}
		*from = &types.StartingPosition{
			Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: event.ContinuationSequenceNumber}
		if event.ContinuationSequenceNumber == nil || (!isClosed && *event.MillisBehindLatest == 0) {
			return true
		}
	}
	return false
}

// Within five seconds of the one before.
func subscribeAgain(consumer, shardID *string) {
	_, err := subscribe(consumer, shardID, &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon})
	var inUse *types.ResourceInUseException
	var response *awshttp.ResponseError
	if errors.As(err, &inUse) && errors.As(err, &response) {
		fact("again", "ResourceInUseException", response.HTTPStatusCode())
	}
}

func fanOut() {
	arn := summary().StreamARN
	consumer := must(client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{
		StreamARN: arn, ConsumerName: aws.String("reader")})).Consumer.ConsumerARN
	for {
		described := must(client.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: consumer}))
		if described.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive {
			fact("consumer", *described.ConsumerDescription.ConsumerName, described.ConsumerDescription.ConsumerStatus)
			break
		}
	}
	for number, isClosed := range []bool{true, true, false, true, false} {
		readPushed(consumer, shard(number), isClosed)
	}
	subscribeAgain(consumer, shard(4))
	must(client.DeregisterStreamConsumer(ctx, &kinesis.DeregisterStreamConsumerInput{ConsumerARN: consumer}))
	for {
		left := must(client.ListStreamConsumers(ctx, &kinesis.ListStreamConsumersInput{StreamARN: arn})).Consumers
		if len(left) == 0 {
			fact("left", len(left))
			return
		}
	}
}

func tags(word string) {
	for _, tag := range must(client.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: stream})).Tags {
		fact(word, *tag.Key, *tag.Value)
	}
}

func tagsAndRetention() {
	must(client.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{
		StreamName: stream, Tags: map[string]string{"team": "water", "stage": "test"}}))
	tags("tag")
	must(client.RemoveTagsFromStream(ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: stream, TagKeys: []string{"stage"}}))
	tags("kept")
	must(client.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{
		StreamName: stream, RetentionPeriodHours: aws.Int32(48)}))
	fact("retention", *summary().RetentionPeriodHours)
	must(client.DecreaseStreamRetentionPeriod(ctx, &kinesis.DecreaseStreamRetentionPeriodInput{
		StreamName: stream, RetentionPeriodHours: aws.Int32(24)}))
	fact("retention", *summary().RetentionPeriodHours)
}

// caught says the error by the SDK's own type for it; any other error ends the program.
func caught[T interface {
	error
	ErrorMessage() string
}](err error) bool {
	if err == nil {
		return false
	}
	var typed T
	var response *awshttp.ResponseError
	if !errors.As(err, &typed) || !errors.As(err, &response) {
		log.Fatal(err)
	}
	fact("caught", reflect.TypeOf(typed).Elem().Name(), response.HTTPStatusCode(), typed.ErrorMessage())
	return true
}

func errorsByType() {
	_, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("nowhere")})
	caught[*types.ResourceNotFoundException](err)
	_, err = client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: stream, ShardCount: aws.Int32(1)})
	caught[*types.ResourceInUseException](err)
	_, err = client.SplitShard(ctx, &kinesis.SplitShardInput{
		StreamName: stream, ShardToSplit: shard(2), NewStartingHashKey: aws.String("0")})
	caught[*types.InvalidArgumentException](err)

	_, err = client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: stream, PartitionKey: aws.String(strings.Repeat("k", 257)), Data: []byte("x")})
	var invalid smithy.APIError
	var response *awshttp.ResponseError
	if errors.As(err, &invalid) && errors.As(err, &response) {
		fact("invalid", invalid.ErrorCode(), response.HTTPStatusCode(), invalid.ErrorMessage())
	}

	iterator := iteratorOf(shard(2), types.ShardIteratorTypeLatest)
	page := must(client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: stream, MaxResults: aws.Int32(1)}))
	advance(301_000)
	_, err = client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator})
	caught[*types.ExpiredIteratorException](err)
	_, err = client.ListShards(ctx, &kinesis.ListShardsInput{NextToken: page.NextToken})
	caught[*types.ExpiredNextTokenException](err)

	// Without retries, or the SDK would wait until the shard takes the record. Several, since a shard takes a megabyte
	// more for every second that this takes.
	for call, full := 0, false; call < 100 && !full; call++ {
		_, err = client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: stream, PartitionKey: aws.String("k"),
			ExplicitHashKey: aws.String("0"), Data: make([]byte, 1_000_000)},
			func(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} })
		full = caught[*types.ProvisionedThroughputExceededException](err)
	}
}

func remove() {
	must(client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: stream}))
	waiter := kinesis.NewStreamNotExistsWaiter(client, func(o *kinesis.StreamNotExistsWaiterOptions) { o.MinDelay = time.Second })
	if err := waiter.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: stream}, time.Minute); err != nil {
		log.Fatal(err)
	}
	fact("gone", *stream)
}

func main() {
	stream = aws.String(os.Args[1])
	client = kinesis.NewFromConfig(must(config.LoadDefaultConfig(ctx)))
	create()
	put("first", "one", half)
	putBatch()
	shards()
	reshard()
	put("left", "two", big.NewInt(0))
	put("right", "three", last)
	shards()
	readAll()
	fanOut()
	tagsAndRetention()
	errorsByType()
	remove()
}
