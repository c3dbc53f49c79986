//! The story of story.py with the AWS SDK for Rust as it comes. Endpoint and credentials come from the environment.

use aws_config::retry::RetryConfig;
use aws_config::BehaviorVersion;
use aws_sdk_kinesis::client::Waiters;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::subscribe_to_shard::builders::SubscribeToShardFluentBuilder;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{
    ChildShard, ConsumerStatus, PutRecordsRequestEntry, ShardIteratorType, StartingPosition, StreamDescriptionSummary,
};
use aws_sdk_kinesis::{config, Client};
use sha2::{Digest, Sha256};
use std::collections::{HashSet, VecDeque};
use std::error::Error;
use std::time::Duration;

const RECORD_BYTES: usize = 300 * 1024;
const QUARTER: u128 = 1 << 126;
const HALF: u128 = 1 << 127;
const LAST: u128 = u128::MAX;
const PATIENCE: Duration = Duration::from_secs(60);

type Told<T = ()> = Result<T, Box<dyn Error>>;

macro_rules! fact {
    ($($word:expr),+) => { println!("{}", [$($word.to_string()),+].join("\t")) };
}

fn shard(number: u32) -> String {
    format!("shardId-{number:012}")
}

/// The administrator's paths are signed too; the command line does that with our variables.
async fn advance(milliseconds: u64) -> Told {
    let said = tokio::process::Command::new(std::env::var("PENSTOCK_BIN")?)
        .args(["clock", "advance", &format!("{milliseconds}ms")])
        .output()
        .await?;
    if !said.status.success() {
        return Err(String::from_utf8_lossy(&said.stderr).into());
    }
    Ok(())
}

struct Story {
    kinesis: Client,
    stream: String,
}

impl Story {
    async fn tell(&self) -> Told {
        self.create().await?;
        self.put("first", "one", HALF).await?;
        self.put_batch().await?;
        self.shards().await?;
        self.reshard().await?;
        self.put("left", "two", 0).await?;
        self.put("right", "three", LAST).await?;
        self.shards().await?;
        self.read_all().await?;
        self.fan_out().await?;
        self.tags_and_retention().await?;
        self.errors().await?;
        self.remove().await
    }

    async fn wait_until_active(&self) -> Told {
        self.kinesis.wait_until_stream_exists().stream_name(&self.stream).wait(PATIENCE).await?;
        Ok(())
    }

    async fn summary(&self) -> Told<StreamDescriptionSummary> {
        let reply = self.kinesis.describe_stream_summary().stream_name(&self.stream).send().await?;
        Ok(reply.stream_description_summary.ok_or("no summary")?)
    }

    async fn create(&self) -> Told {
        self.kinesis.create_stream().stream_name(&self.stream).shard_count(2).tags("made-by", "story").send().await?;
        self.wait_until_active().await?;
        let made = self.summary().await?;
        let mode = made.stream_mode_details.ok_or("no mode")?.stream_mode;
        fact!("created", made.stream_status, made.open_shard_count, made.retention_period_hours, mode);
        let mut pages = self.kinesis.list_streams().limit(1).into_paginator().send();
        while let Some(page) = pages.next().await {
            for name in page?.stream_names.iter().filter(|name| **name == self.stream) {
                fact!("listed", name);
            }
        }
        Ok(())
    }

    async fn put(&self, key: &str, text: &str, hash_key: u128) -> Told {
        let reply = self
            .kinesis
            .put_record()
            .stream_name(&self.stream)
            .partition_key(key)
            .explicit_hash_key(hash_key.to_string())
            .data(Blob::new(text))
            .send()
            .await?;
        fact!("put", key, reply.shard_id, reply.sequence_number);
        Ok(())
    }

    async fn put_batch(&self) -> Told {
        let mut entries = Vec::new();
        for n in 0..4u8 {
            entries.push(
                PutRecordsRequestEntry::builder()
                    .partition_key(format!("key-{n}"))
                    .explicit_hash_key("0")
                    .data(Blob::new(vec![b'a' + n; RECORD_BYTES]))
                    .build()?,
            );
        }
        while !entries.is_empty() {
            let call = self.kinesis.put_records().stream_name(&self.stream);
            let reply = call.set_records(Some(entries.clone())).send().await?;
            fact!("failed", reply.failed_record_count.ok_or("no count")?);
            let mut refused = Vec::new();
            for (entry, result) in entries.into_iter().zip(&reply.records) {
                if let Some(code) = &result.error_code {
                    let key = entry.partition_key.as_deref().unwrap_or_default();
                    fact!("refused", key, code, result.error_message.as_deref().unwrap_or_default());
                    refused.push(entry);
                }
            }
            entries = refused;
            if !entries.is_empty() {
                advance(1_000).await?;
            }
        }
        Ok(())
    }

    async fn shards(&self) -> Told {
        let mut call = self.kinesis.list_shards().stream_name(&self.stream);
        loop {
            let page = call.max_results(1).send().await?;
            for each in page.shards() {
                let range = each.hash_key_range.as_ref().ok_or("no range")?;
                let numbers = each.sequence_number_range.as_ref().ok_or("no numbers")?;
                fact!(
                    "shard",
                    each.shard_id,
                    range.starting_hash_key,
                    range.ending_hash_key,
                    each.parent_shard_id.as_deref().unwrap_or("-"),
                    each.adjacent_parent_shard_id.as_deref().unwrap_or("-"),
                    if numbers.ending_sequence_number.is_some() { "closed" } else { "open" }
                );
            }
            match page.next_token {
                Some(token) => call = self.kinesis.list_shards().next_token(token),
                None => return Ok(()),
            }
        }
    }

    async fn reshard(&self) -> Told {
        let split = self.kinesis.split_shard().stream_name(&self.stream).shard_to_split(shard(0));
        split.new_starting_hash_key(QUARTER.to_string()).send().await?;
        self.wait_until_active().await?;
        let merge = self.kinesis.merge_shards().stream_name(&self.stream).shard_to_merge(shard(3));
        merge.adjacent_shard_to_merge(shard(1)).send().await?;
        self.wait_until_active().await
    }

    async fn iterator_of(&self, shard_id: &str, position: ShardIteratorType) -> Told<Option<String>> {
        let call = self.kinesis.get_shard_iterator().stream_name(&self.stream).shard_id(shard_id);
        Ok(call.shard_iterator_type(position).send().await?.shard_iterator)
    }

    /// To its end when it is closed, else to its tip. Gives the children that its last page names.
    async fn read_shard(&self, shard_id: &str) -> Told<Vec<ChildShard>> {
        let mut iterator = self.iterator_of(shard_id, ShardIteratorType::TrimHorizon).await?;
        loop {
            let page = self.kinesis.get_records().set_shard_iterator(iterator).send().await?;
            for record in &page.records {
                let data = record.data.as_ref();
                let digest: String = Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect();
                let key = record.partition_key.as_deref().unwrap_or("-");
                fact!("record", shard_id, key, data.len(), digest);
            }
            if page.next_shard_iterator.is_none() {
                return Ok(page.child_shards.unwrap_or_default());
            }
            if page.records.is_empty() && page.millis_behind_latest == Some(0) {
                return Ok(Vec::new());
            }
            iterator = page.next_shard_iterator;
        }
    }

    async fn read_all(&self) -> Told {
        let mut ready = VecDeque::from([shard(0), shard(1)]);
        let mut read = HashSet::new();
        while let Some(next) = ready.pop_front() {
            let children = self.read_shard(&next).await?;
            read.insert(next.clone());
            for child in children {
                fact!("child", next, child.shard_id);
                if child.parent_shards.iter().all(|parent| read.contains(parent)) {
                    ready.push_back(child.shard_id);
                }
            }
        }
        Ok(())
    }

    fn subscription(&self, consumer: &str, shard_id: &str) -> Told<SubscribeToShardFluentBuilder> {
        let horizon = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build()?;
        let call = self.kinesis.subscribe_to_shard().consumer_arn(consumer).shard_id(shard_id);
        Ok(call.starting_position(horizon))
    }

    /// To its end when it is closed, else to its tip.
    async fn read_pushed(&self, consumer: &str, shard_id: &str, is_closed: bool) -> Told {
        let mut pushed = self.subscription(consumer, shard_id)?.send().await?.event_stream;
        if shard_id == shard(4) {
            match self.subscription(consumer, shard_id)?.send().await {
                Err(SdkError::ServiceError(error)) if error.err().is_resource_in_use_exception() => {
                    fact!("again", "ResourceInUseException", error.raw().status().as_u16());
                }
                _ => return Err("a second subscription was not refused".into()),
            }
        }
        while let Some(each) = pushed.recv().await? {
            let event = each.as_subscribe_to_shard_event().map_err(|_| "an event of another kind")?;
            for record in &event.records {
                let key = record.partition_key.as_deref().unwrap_or("-");
                fact!("pushed", shard_id, key, record.data.as_ref().len());
            }
            for child in event.child_shards() {
                fact!("branch", shard_id, child.shard_id);
            }
            if !is_closed && event.millis_behind_latest == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn fan_out(&self) -> Told {
        let arn = self.summary().await?.stream_arn;
        let call = self.kinesis.register_stream_consumer().stream_arn(&arn).consumer_name("reader");
        let consumer = call.send().await?.consumer.ok_or("no consumer")?.consumer_arn;
        loop {
            let described = self.kinesis.describe_stream_consumer().consumer_arn(&consumer).send().await?;
            let described = described.consumer_description.ok_or("no description")?;
            if described.consumer_status == ConsumerStatus::Active {
                fact!("consumer", described.consumer_name, described.consumer_status);
                break;
            }
        }
        for (number, is_closed) in [true, true, false, true, false].into_iter().enumerate() {
            self.read_pushed(&consumer, &shard(number as u32), is_closed).await?;
        }
        self.kinesis.deregister_stream_consumer().consumer_arn(&consumer).send().await?;
        loop {
            let left = self.kinesis.list_stream_consumers().stream_arn(&arn).send().await?.consumers.unwrap_or_default();
            if left.is_empty() {
                fact!("left", left.len());
                return Ok(());
            }
        }
    }

    async fn tags(&self, word: &str) -> Told {
        for tag in self.kinesis.list_tags_for_stream().stream_name(&self.stream).send().await?.tags {
            fact!(word, tag.key, tag.value.unwrap_or_default());
        }
        Ok(())
    }

    async fn tags_and_retention(&self) -> Told {
        let add = self.kinesis.add_tags_to_stream().stream_name(&self.stream);
        add.tags("team", "water").tags("stage", "test").send().await?;
        self.tags("tag").await?;
        self.kinesis.remove_tags_from_stream().stream_name(&self.stream).tag_keys("stage").send().await?;
        self.tags("kept").await?;
        let increase = self.kinesis.increase_stream_retention_period().stream_name(&self.stream);
        increase.retention_period_hours(48).send().await?;
        fact!("retention", self.summary().await?.retention_period_hours);
        let decrease = self.kinesis.decrease_stream_retention_period().stream_name(&self.stream);
        decrease.retention_period_hours(24).send().await?;
        fact!("retention", self.summary().await?.retention_period_hours);
        Ok(())
    }

    async fn errors(&self) -> Told {
        let missing = self.kinesis.describe_stream_summary().stream_name("nowhere").send().await;
        caught(missing, "ResourceNotFoundException", |error| error.is_resource_not_found_exception())?;
        let again = self.kinesis.create_stream().stream_name(&self.stream).shard_count(1).send().await;
        caught(again, "ResourceInUseException", |error| error.is_resource_in_use_exception())?;
        let split = self.kinesis.split_shard().stream_name(&self.stream).shard_to_split(shard(2));
        let wrong = split.new_starting_hash_key("0").send().await;
        caught(wrong, "InvalidArgumentException", |error| error.is_invalid_argument_exception())?;

        let long = self.kinesis.put_record().stream_name(&self.stream).partition_key("k".repeat(257));
        if let Err(SdkError::ServiceError(error)) = long.data(Blob::new("x")).send().await {
            let (code, message) = (error.err().code().unwrap_or("-"), error.err().message().unwrap_or("-"));
            fact!("invalid", code, error.raw().status().as_u16(), message);
        }

        let iterator = self.iterator_of(&shard(2), ShardIteratorType::Latest).await?;
        let token = self.kinesis.list_shards().stream_name(&self.stream).max_results(1).send().await?.next_token;
        advance(301_000).await?;
        let late = self.kinesis.get_records().set_shard_iterator(iterator).send().await;
        caught(late, "ExpiredIteratorException", |error| error.is_expired_iterator_exception())?;
        let stale = self.kinesis.list_shards().set_next_token(token).send().await;
        caught(stale, "ExpiredNextTokenException", |error| error.is_expired_next_token_exception())?;

        // Without retries, or the SDK would wait until the shard takes the record. Several, since a shard takes a
        // megabyte more for every second that this takes.
        let is_full = |error: &aws_sdk_kinesis::operation::put_record::PutRecordError| {
            error.is_provisioned_throughput_exceeded_exception()
        };
        for _ in 0..100 {
            let call = self.kinesis.put_record().stream_name(&self.stream).partition_key("k").explicit_hash_key("0");
            let impatient = call.data(Blob::new(vec![0; 1_000_000])).customize();
            let refused = impatient.config_override(config::Builder::new().retry_config(RetryConfig::disabled()));
            if caught(refused.send().await, "ProvisionedThroughputExceededException", is_full)? {
                break;
            }
        }
        Ok(())
    }

    async fn remove(&self) -> Told {
        self.kinesis.delete_stream().stream_name(&self.stream).send().await?;
        self.kinesis.wait_until_stream_not_exists().stream_name(&self.stream).wait(PATIENCE).await?;
        fact!("gone", self.stream);
        Ok(())
    }
}

/// Says an error by the name of the SDK's own variant for it; any other error ends the program.
fn caught<T, E>(outcome: Result<T, SdkError<E>>, name: &str, is_it: impl Fn(&E) -> bool) -> Told<bool>
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    match outcome {
        Ok(_) => Ok(false),
        Err(SdkError::ServiceError(error)) if is_it(error.err()) => {
            fact!("caught", name, error.raw().status().as_u16(), error.err().message().unwrap_or("-"));
            Ok(true)
        }
        Err(error) => Err(error.into()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Told {
    let stream = std::env::args().nth(1).ok_or("the stream's name is missing")?;
    let environment = aws_config::load_defaults(BehaviorVersion::latest()).await;
    Story { kinesis: Client::new(&environment), stream }.tell().await
}
