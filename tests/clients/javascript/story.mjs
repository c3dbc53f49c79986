// The story of story.py with the AWS SDK for JavaScript 3 as it comes. Endpoint and credentials come from the environment.
//
//   node story.mjs h2|h1 STREAM
//
// h2 is the client's own choice, HTTP/2 (with prior knowledge where the address is http://); h1 gives it the handler for HTTP/1.1.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  AddTagsToStreamCommand, CreateStreamCommand, DecreaseStreamRetentionPeriodCommand, DeleteStreamCommand,
  DeregisterStreamConsumerCommand, DescribeStreamConsumerCommand, DescribeStreamSummaryCommand, ExpiredIteratorException, ExpiredNextTokenException, GetRecordsCommand,
  GetShardIteratorCommand, IncreaseStreamRetentionPeriodCommand, InvalidArgumentException, KinesisClient,
  KinesisServiceException, ListShardsCommand, ListStreamConsumersCommand, ListTagsForStreamCommand, MergeShardsCommand,
  ProvisionedThroughputExceededException, PutRecordCommand, PutRecordsCommand, RegisterStreamConsumerCommand, RemoveTagsFromStreamCommand,
  ResourceInUseException, ResourceNotFoundException, SplitShardCommand, SubscribeToShardCommand, paginateListStreams, waitUntilStreamExists,
  waitUntilStreamNotExists,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";

const [protocol, StreamName] = process.argv.slice(2);
const settings = protocol === "h1" ? { requestHandler: new NodeHttpHandler() } : {};
const kinesis = new KinesisClient(settings);
const patience = { client: kinesis, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };

const HALF = 2n ** 127n, QUARTER = 2n ** 126n, LAST = 2n ** 128n - 1n;
const RECORD_BYTES = 300 * 1024;

const fact = (...words) => console.log(words.join("\t"));
const shard = (number) => `shardId-${String(number).padStart(12, "0")}`;
const send = (Command, input) => kinesis.send(new Command({ StreamName, ...input }));
const summary = async () => (await send(DescribeStreamSummaryCommand)).StreamDescriptionSummary;

// The administrator's paths are signed too; the command line does that with our variables.
const advance = (milliseconds) => execFileSync(process.env.PENSTOCK_BIN, ["clock", "advance", `${milliseconds}ms`]);

async function create() {
  await send(CreateStreamCommand, { ShardCount: 2, Tags: { "made-by": "story" } });
  await waitUntilStreamExists(patience, { StreamName });
  const { StreamStatus, OpenShardCount, RetentionPeriodHours, StreamModeDetails } = await summary();
  fact("created", StreamStatus, OpenShardCount, RetentionPeriodHours, StreamModeDetails.StreamMode);
  for await (const page of paginateListStreams({ client: kinesis }, { Limit: 1 })) {
    page.StreamNames.filter((name) => name === StreamName).forEach((name) => fact("listed", name));
  }
}

async function put(PartitionKey, text, hashKey) {
  const reply = await send(PutRecordCommand, { PartitionKey, Data: Buffer.from(text), ExplicitHashKey: String(hashKey) });
  fact("put", PartitionKey, reply.ShardId, reply.SequenceNumber);
}

async function putBatch() {
  let entries = [0, 1, 2, 3].map((n) => ({
    PartitionKey: `key-${n}`, ExplicitHashKey: "0", Data: new Uint8Array(RECORD_BYTES).fill("a".charCodeAt(0) + n),
  }));
  while (entries.length > 0) {
    const { FailedRecordCount, Records } = await send(PutRecordsCommand, { Records: entries });
    fact("failed", FailedRecordCount);
    const refused = entries.map((entry, at) => [entry, Records[at]]).filter(([, result]) => result.ErrorCode);
    refused.forEach(([entry, result]) => fact("refused", entry.PartitionKey, result.ErrorCode, result.ErrorMessage));
    entries = refused.map(([entry]) => entry);
    if (entries.length > 0) advance(1000);
  }
}

async function shards() {
  const found = [];
  let next = { StreamName, MaxResults: 1 };
  while (next) {
    const page = await kinesis.send(new ListShardsCommand(next));
    found.push(...page.Shards);
    next = page.NextToken && { NextToken: page.NextToken, MaxResults: 1 };
  }
  for (const each of found) {
    const isClosed = each.SequenceNumberRange.EndingSequenceNumber !== undefined;
    fact("shard", each.ShardId, each.HashKeyRange.StartingHashKey, each.HashKeyRange.EndingHashKey,
         each.ParentShardId ?? "-", each.AdjacentParentShardId ?? "-", isClosed ? "closed" : "open");
  }
}

async function reshard() {
  await send(SplitShardCommand, { ShardToSplit: shard(0), NewStartingHashKey: String(QUARTER) });
  await waitUntilStreamExists(patience, { StreamName });
  await send(MergeShardsCommand, { ShardToMerge: shard(3), AdjacentShardToMerge: shard(1) });
  await waitUntilStreamExists(patience, { StreamName });
}

const iteratorOf = async (ShardId, ShardIteratorType) =>
  (await send(GetShardIteratorCommand, { ShardId, ShardIteratorType })).ShardIterator;

// To its end when it is closed, else to its tip. Gives the children that its last page names.
async function readShard(ShardId) {
  let ShardIterator = await iteratorOf(ShardId, "TRIM_HORIZON");
  while (ShardIterator) {
    const page = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
    for (const { PartitionKey, Data } of page.Records) {
      fact("record", ShardId, PartitionKey, Data.length, createHash("sha256").update(Data).digest("hex"));
    }
    if (!page.NextShardIterator) return page.ChildShards;
    if (page.Records.length === 0 && page.MillisBehindLatest === 0) return [];
    ShardIterator = page.NextShardIterator;
  }
}

async function readAll() {
  const ready = [shard(0), shard(1)], read = new Set();
  while (ready.length > 0) {
    const next = ready.shift();
    const children = await readShard(next);
    read.add(next);
    for (const child of children) {
      fact("child", next, child.ShardId);
      if (child.ParentShards.every((parent) => read.has(parent))) ready.push(child.ShardId);
    }
  }
}

const subscribe = (ConsumerARN, ShardId) =>
  kinesis.send(new SubscribeToShardCommand({ ConsumerARN, ShardId, StartingPosition: { Type: "TRIM_HORIZON" } }));

// Every shard from the horizon: a closed one to its end, an open one to its tip.
async function fanOut() {
  const { StreamARN } = await summary();
  const { ConsumerARN } = (await kinesis.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: "reader" }))).Consumer;
  const described = async () =>
    (await kinesis.send(new DescribeStreamConsumerCommand({ ConsumerARN }))).ConsumerDescription;
  let consumer = await described();
  while (consumer.ConsumerStatus !== "ACTIVE") consumer = await described();
  fact("consumer", consumer.ConsumerName, consumer.ConsumerStatus);
  for (const shardId of [0, 1, 2, 3, 4].map(shard)) {
    const { EventStream } = await subscribe(ConsumerARN, shardId);
    if (shardId === shard(4)) {
      try {
        await subscribe(ConsumerARN, shardId);
      } catch (error) {
        if (!(error instanceof ResourceInUseException)) throw error;
        fact("again", "ResourceInUseException", error.$metadata.httpStatusCode);
      }
    }
    for await (const { SubscribeToShardEvent: event } of EventStream) {
      event.Records.forEach(({ PartitionKey, Data }) => fact("pushed", shardId, PartitionKey, Data.length));
      event.ChildShards?.forEach((child) => fact("branch", shardId, child.ShardId));
      if (event.ContinuationSequenceNumber && event.MillisBehindLatest === 0 && !isClosed(shardId)) break;
    }
  }
  await kinesis.send(new DeregisterStreamConsumerCommand({ ConsumerARN }));
  const consumers = async () => (await kinesis.send(new ListStreamConsumersCommand({ StreamARN }))).Consumers.length;
  while (await consumers() > 0);
  fact("left", await consumers());
}

const isClosed = (shardId) => [0, 1, 3].map(shard).includes(shardId);

async function tagsAndRetention() {
  const tags = async (word) =>
    (await send(ListTagsForStreamCommand)).Tags.forEach(({ Key, Value }) => fact(word, Key, Value));
  await send(AddTagsToStreamCommand, { Tags: { team: "water", stage: "test" } });
  await tags("tag");
  await send(RemoveTagsFromStreamCommand, { TagKeys: ["stage"] });
  await tags("kept");
  await send(IncreaseStreamRetentionPeriodCommand, { RetentionPeriodHours: 48 });
  fact("retention", (await summary()).RetentionPeriodHours);
  await send(DecreaseStreamRetentionPeriodCommand, { RetentionPeriodHours: 24 });
  fact("retention", (await summary()).RetentionPeriodHours);
}

async function caught(Class, attempt) {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof Class)) throw error;
    fact("caught", Class.name, error.$metadata.httpStatusCode, error.message);
    return true;
  }
  return false;
}

async function errors() {
  await caught(ResourceNotFoundException, () => send(DescribeStreamSummaryCommand, { StreamName: "nowhere" }));
  await caught(ResourceInUseException, () => send(CreateStreamCommand, { ShardCount: 1 }));
  await caught(InvalidArgumentException, () => send(SplitShardCommand, { ShardToSplit: shard(2), NewStartingHashKey: "0" }));
  try {
    await send(PutRecordCommand, { PartitionKey: "k".repeat(257), Data: Buffer.from("x") });
  } catch (error) {
    if (!(error instanceof KinesisServiceException)) throw error;
    fact("invalid", error.name, error.$metadata.httpStatusCode, error.message);
  }

  const ShardIterator = await iteratorOf(shard(2), "LATEST");
  const { NextToken } = await send(ListShardsCommand, { MaxResults: 1 });
  advance(301_000);
  await caught(ExpiredIteratorException, () => kinesis.send(new GetRecordsCommand({ ShardIterator })));
  await caught(ExpiredNextTokenException, () => kinesis.send(new ListShardsCommand({ NextToken })));

  // Without retries, or the SDK would wait until the shard takes the record. Several, since a shard takes a
  // megabyte more for every second that this takes.
  const impatient = new KinesisClient({ ...settings, maxAttempts: 1 });
  const large = { StreamName, PartitionKey: "k", ExplicitHashKey: "0", Data: new Uint8Array(1_000_000) };
  for (let call = 0; call < 100; ++call) {
    if (await caught(ProvisionedThroughputExceededException, () => impatient.send(new PutRecordCommand(large)))) break;
  }
  impatient.destroy();
}

async function remove() {
  await send(DeleteStreamCommand);
  await waitUntilStreamNotExists(patience, { StreamName });
  fact("gone", StreamName);
}

await create();
await put("first", "one", HALF);
await putBatch();
await shards();
await reshard();
await put("left", "two", 0n);
await put("right", "three", LAST);
await shards();
await readAll();
await fanOut();
await tagsAndRetention();
await errors();
await remove();
kinesis.destroy();
