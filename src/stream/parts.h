#pragma once

#include "base/task.h"
#include "engine/engine.h"
#include "env/clocks.h"
#include "env/loop.h"
#include "stream/account_settings.h"
#include "stream/catalog.h"
#include "stream/consumers.h"
#include "stream/directory.h"
#include "stream/option_changes.h"
#include "stream/put_path.h"
#include "stream/read_path.h"
#include "stream/scaling.h"
#include "stream/stream_service.h"
#include "stream/subscribe_path.h"
#include "stream/subscriptions.h"
#include "stream/texts.h"
#include "stream/token.h"

#include <algorithm>
#include <memory>

namespace penstock::stream {

/// What the service is made of, in the order of construction.
struct StreamService::Parts {
  Parts(StreamParts p, StreamSettings s, std::string_view secret)
      : given(p),
        settings(std::move(s)),
        call_rates(settings.limits != StreamSettings::Limits::kOff && settings.aws_call_rates,
                   settings.limits == StreamSettings::Limits::kOff ? CallRates::Changes{}
                                                                   : settings.call_rates),
        tokens(secret),
        puts(given, settings, directory),
        reads(given, directory, tokens),
        accounts(given),
        consumers(given, settings, directory, tokens, accounts),
        catalog(given, settings, directory, consumers, accounts),
        scaling(given, settings, directory, catalog, accounts),
        subscriptions(directory),
        subscribing(given, reads, consumers, subscriptions) {
    consumers.on_end([this](const ConsumerName& consumer) {
      subscriptions.end(consumer,
                        consumer_not_found(consumer_arn(consumer), consumer.stream.tenant));
      directory.tell_watchers();
    });
    streams_watch = directory.watch([this] { subscriptions.look_at_streams(); });
    catalog.measure_by([this](LogId log) { return scaling.peak_of_last_hour(log); });
  }

  EncryptionMoment encryption_moment() const {
    const ServiceTime now = given.clocks.service_now();
    return {.now = now,
            .from = now + std::max(settings.update_delay, kSwitchAhead),
            .calls_max = settings.limits == StreamSettings::Limits::kOff
                             ? 0
                             : settings.encryption_changes_of_day};
  }

  StreamParts given;
  StreamSettings settings;
  CallRates call_rates;
  TokenMaker tokens;
  Directory directory;
  PutPath puts;
  ReadPath reads;
  AccountSettings accounts;
  Consumers consumers;
  Catalog catalog;
  Scaling scaling;
  Subscriptions subscriptions;
  SubscribePath subscribing;
  std::unique_ptr<engine::Subscription> streams_watch;
};

}  // namespace penstock::stream
