#include "shared/nats/jetstream.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "shared/nats/failure.hpp"
#include "shared/nats/traffic/traffic.hpp"

namespace noetl::nats {
namespace {

struct Release {
  void operator()(jsStreamInfo* found) const noexcept { jsStreamInfo_Destroy(found); }
  void operator()(jsConsumerInfo* found) const noexcept { jsConsumerInfo_Destroy(found); }
  void operator()(jsPubAck* ack) const noexcept { jsPubAck_Destroy(ack); }
};
using StreamInfo = std::unique_ptr<jsStreamInfo, Release>;
using ConsumerInfo = std::unique_ptr<jsConsumerInfo, Release>;
using PublishAck = std::unique_ptr<jsPubAck, Release>;

template <class Duration>
std::int64_t nanoseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

jsOptions options_for(std::chrono::milliseconds patience) {
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = patience.count();
  return options;
}

void note_drift(std::vector<std::string>& drift, const std::string& name, std::int64_t found, std::int64_t expected) {
  if (found != expected)
    drift.push_back(name + " is " + std::to_string(found) + ", expected " + std::to_string(expected));
}

StreamState state_of(const jsStreamInfo& found) {
  StreamState state;
  for (int i = 0; i < found.Config->SubjectsLen; ++i) state.subjects.emplace_back(found.Config->Subjects[i]);
  state.messages = found.State.Msgs;
  state.bytes = found.State.Bytes;
  state.last_sequence = found.State.LastSeq;
  return state;
}

ConsumerState state_of(const jsConsumerInfo& found) {
  ConsumerState state;
  state.waiting = found.NumPending;
  state.acks_pending = static_cast<std::uint64_t>(std::max<std::int64_t>(found.NumAckPending, 0));
  state.redelivered = static_cast<std::uint64_t>(std::max<std::int64_t>(found.NumRedelivered, 0));
  state.delivered_until = found.Delivered.Stream;
  return state;
}

std::vector<std::string> drift_of(const jsStreamInfo& found, const StreamSettings& settings) {
  constexpr std::int64_t second = 1'000'000'000;
  std::vector<std::string> drift;
  const StreamState state = state_of(found);
  for (const std::string& subject : settings.subjects) {
    if (std::find(state.subjects.begin(), state.subjects.end(), subject) == state.subjects.end()) {
      drift.push_back("subject '" + subject + "' is missing");
    }
  }
  note_drift(drift, "max_age in seconds", found.Config->MaxAge / second, settings.max_age.count());
  note_drift(drift, "duplicate_window in seconds", found.Config->Duplicates / second,
             settings.duplicate_window.count());
  note_drift(drift, "replicas", found.Config->Replicas, settings.replicas);
  if (found.Config->Storage != js_FileStorage) drift.emplace_back("storage is memory, expected file");
  if (found.Config->Retention != (settings.is_work_queue ? js_WorkQueuePolicy : js_LimitsPolicy))
    drift.push_back(std::string("retention is not ") + (settings.is_work_queue ? "work queue" : "limits"));
  return drift;
}

std::vector<std::string> drift_of(const jsConsumerInfo& found, const ConsumerSettings& settings) {
  constexpr std::int64_t millisecond = 1'000'000;
  std::vector<std::string> drift;
  const jsConsumerConfig& config = *found.Config;
  note_drift(drift, "ack_wait in milliseconds", config.AckWait / millisecond, settings.ack_wait.count());
  note_drift(drift, "max_deliver", config.MaxDeliver, settings.deliveries_max);
  note_drift(drift, "max_ack_pending", config.MaxAckPending, settings.acks_pending_max);
  if (config.AckPolicy != js_AckExplicit) drift.emplace_back("ack policy is not explicit");
  const std::string filter = config.FilterSubject == nullptr ? "" : config.FilterSubject;
  if (filter != settings.filter_subject)
    drift.push_back("filter is '" + filter + "', expected '" + settings.filter_subject + "'");
  return drift;
}

// The names become parts of subjects ($JS.API.CONSUMER.INFO.<stream>.<consumer>), and nats.c does not look at all of them.
base::Result<void> check_names(const std::string& stream, const std::string& durable) {
  if (auto checked = check_name("stream", stream); !checked) return checked;
  return check_name("consumer", durable);
}

base::Result<void> check_stream(const StreamSettings& settings) {
  if (auto checked = check_name("stream", settings.name); !checked) return checked;
  for (const std::string& subject : settings.subjects) {
    if (auto filter = SubjectFilter::parse(subject); !filter) return tl::unexpected(filter.error());
  }
  return {};
}

base::Result<void> check_consumer(const std::string& stream, const ConsumerSettings& settings) {
  if (auto checked = check_names(stream, settings.durable); !checked) return checked;
  if (auto filter = SubjectFilter::parse(settings.filter_subject); !filter) return tl::unexpected(filter.error());
  return {};
}

base::Result<StreamInfo> stream_info(jsCtx* context, const std::string& stream, std::chrono::milliseconds patience) {
  if (auto checked = check_name("stream", stream); !checked) return tl::unexpected(checked.error());
  jsOptions options = options_for(patience);
  jsErrCode code{};
  jsStreamInfo* raw = nullptr;
  const natsStatus status = js_GetStreamInfo(&raw, context, stream.c_str(), &options, &code);
  StreamInfo found(raw);
  if (status != NATS_OK) return nats_failure(status, "look up stream '" + stream + "'", static_cast<int>(code));
  return found;
}

base::Result<ConsumerInfo> consumer_info(jsCtx* context, const std::string& stream, const std::string& durable,
                                         std::chrono::milliseconds patience) {
  if (auto checked = check_names(stream, durable); !checked) return tl::unexpected(checked.error());
  jsOptions options = options_for(patience);
  jsErrCode code{};
  jsConsumerInfo* raw = nullptr;
  const natsStatus status = js_GetConsumerInfo(&raw, context, stream.c_str(), durable.c_str(), &options, &code);
  ConsumerInfo found(raw);
  if (status != NATS_OK)
    return nats_failure(status, "look up consumer '" + durable + "' of stream '" + stream + "'",
                        static_cast<int>(code));
  return found;
}

std::uint64_t number_after(std::string_view text, std::string_view key) {
  std::uint64_t number = 0;
  if (const std::size_t at = text.find(key); at != std::string_view::npos)
    std::from_chars(text.data() + at + key.size(), text.data() + text.size(), number);
  return number;
}

// In an account that imports this request from the one that has JetStream (deploy/nats/accounts.conf) two answer: its own
// JetStream, that it is not there, which is what nats.c takes; and the other.
base::Result<ConsumerState> find_imported(Connection& connection, const Subject& subject, const std::string& tried,
                                          std::chrono::milliseconds patience) {
  const Subject inbox = connection.new_inbox();
  const auto answers = connection.subscribe(inbox);
  if (!answers) return base::failure(answers.error());
  if (auto sent = connection.publish_request(subject, inbox, ""); !sent) return base::failure(sent.error());
  const auto until = std::chrono::steady_clock::now() + patience;
  std::uint64_t code = not_enabled_for_account;
  while (code == not_enabled_for_account) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    const auto answer = (*answers)->next(left);
    if (!answer) return base::failure(answer.error());
    if (!*answer) break;
    const std::string& text = (*answer)->bytes;
    code = number_after(text, R"("err_code":)");
    if (code != 0) continue;
    ConsumerState state;
    state.waiting = number_after(text, R"("num_pending":)");
    state.acks_pending = number_after(text, R"("num_ack_pending":)");
    state.redelivered = number_after(text, R"("num_redelivered":)");
    state.delivered_until =
        number_after(text.substr(std::min(text.find(R"("delivered":)"), text.size())), R"("stream_seq":)");
    return state;
  }
  const auto status = code == not_enabled_for_account ? NATS_NO_RESPONDERS : NATS_ERR;
  return nats_failure(status, tried, static_cast<int>(code));
}

bool update_bounds(jsCtx* context, const std::string& stream, const jsConsumerConfig& found,
                   const ConsumerSettings& settings, std::chrono::milliseconds patience) {
  jsConsumerConfig config = found;
  config.AckWait = nanoseconds(settings.ack_wait);
  config.MaxDeliver = settings.deliveries_max;
  config.MaxAckPending = settings.acks_pending_max;
  jsOptions options = options_for(patience);
  return js_UpdateConsumer(nullptr, context, stream.c_str(), &config, &options, nullptr) == NATS_OK;
}

}  // namespace

JetStream::JetStream(Connection& connection, std::chrono::milliseconds patience)
    : connection_(connection), patience_(patience) {
  jsCtx* raw = nullptr;
  // Allocates only; fails for lack of memory alone, and then every call answers so.
  static_cast<void>(natsConnection_JetStream(&raw, connection_.handle(), nullptr));
  context_.reset(raw);
}

base::Result<StreamState> JetStream::ensure_stream(const StreamSettings& settings) {
  if (auto checked = check_stream(settings); !checked) return tl::unexpected(checked.error());
  jsOptions options = options_for(patience_);
  jsErrCode code{};
  jsStreamInfo* raw = nullptr;
  natsStatus status = js_GetStreamInfo(&raw, context_.get(), settings.name.c_str(), &options, &code);
  bool is_new = false;
  if (status != NATS_OK && static_cast<int>(code) == stream_not_found) {
    std::vector<const char*> subjects;
    for (const std::string& subject : settings.subjects) subjects.push_back(subject.c_str());
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = settings.name.c_str();
    config.Subjects = subjects.data();
    config.SubjectsLen = static_cast<int>(subjects.size());
    config.Retention = settings.is_work_queue ? js_WorkQueuePolicy : js_LimitsPolicy;
    config.Storage = js_FileStorage;
    config.Discard = settings.is_work_queue ? js_DiscardNew : js_DiscardOld;
    config.MaxAge = nanoseconds(settings.max_age);
    config.Duplicates = nanoseconds(std::min(settings.duplicate_window, settings.max_age));
    config.MaxBytes = settings.bytes_max;
    config.Replicas = settings.replicas;
    code = jsErrCode{};
    status = js_AddStream(&raw, context_.get(), &config, &options, &code);
    is_new = status == NATS_OK;
    // Another replica made it in between, a little differently: adopt that one.
    if (static_cast<int>(code) == stream_name_in_use)
      status = js_GetStreamInfo(&raw, context_.get(), settings.name.c_str(), &options, &code);
  }
  const StreamInfo found(raw);
  if (status != NATS_OK)
    return nats_failure(status, "create or adopt stream '" + settings.name + "'", static_cast<int>(code));
  StreamState state = state_of(*found);
  state.is_new = is_new;
  state.drift = drift_of(*found, settings);
  return state;
}

base::Result<StreamState> JetStream::find_stream(const std::string& stream) {
  const auto found = stream_info(context_.get(), stream, patience_);
  if (!found) return base::failure(found.error());
  return state_of(**found);
}

base::Result<StreamState> JetStream::compare_stream(const StreamSettings& settings) {
  const auto found = stream_info(context_.get(), settings.name, patience_);
  if (!found) return base::failure(found.error());
  StreamState state = state_of(**found);
  state.drift = drift_of(**found, settings);
  return state;
}

base::Result<void> JetStream::remove_stream(const std::string& stream) {
  if (auto checked = check_name("stream", stream); !checked) return checked;
  jsOptions options = options_for(patience_);
  jsErrCode code{};
  const natsStatus status = js_DeleteStream(context_.get(), stream.c_str(), &options, &code);
  if (status != NATS_OK) return nats_failure(status, "delete stream '" + stream + "'", static_cast<int>(code));
  return {};
}

base::Result<ConsumerState> JetStream::ensure_consumer(const std::string& stream, const ConsumerSettings& settings) {
  if (auto checked = check_consumer(stream, settings); !checked) return tl::unexpected(checked.error());
  jsOptions options = options_for(patience_);
  jsErrCode code{};
  jsConsumerInfo* raw = nullptr;
  natsStatus status =
      js_GetConsumerInfo(&raw, context_.get(), stream.c_str(), settings.durable.c_str(), &options, &code);
  bool is_new = false;
  if (status != NATS_OK && static_cast<int>(code) == consumer_not_found) {
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Durable = settings.durable.c_str();
    config.DeliverPolicy = js_DeliverAll;  // deliver-new would skip what came while the consumer was missing
    config.AckPolicy = js_AckExplicit;
    config.AckWait = nanoseconds(settings.ack_wait);
    config.MaxDeliver = settings.deliveries_max;
    config.MaxAckPending = settings.acks_pending_max;
    config.FilterSubject = settings.filter_subject.c_str();
    code = jsErrCode{};
    status = js_AddConsumer(&raw, context_.get(), stream.c_str(), &config, &options, &code);
    is_new = status == NATS_OK;
  }
  const ConsumerInfo found(raw);
  if (status != NATS_OK) {
    return nats_failure(status, "create or adopt consumer '" + settings.durable + "' of stream '" + stream + "'",
                        static_cast<int>(code));
  }
  // Who may not change it is told of the difference, and works on.
  const bool is_old = !is_new && settings.is_kept_up && !drift_of(*found, settings).empty();
  if (is_old && update_bounds(context_.get(), stream, *found->Config, settings, patience_))
    return compare_consumer(stream, settings);
  ConsumerState state = state_of(*found);
  state.is_new = is_new;
  state.drift = drift_of(*found, settings);
  return state;
}

base::Result<ConsumerState> JetStream::find_consumer(const std::string& stream, const std::string& durable) {
  if (auto checked = check_names(stream, durable); !checked) return tl::unexpected(checked.error());
  jsOptions options = options_for(patience_);
  jsErrCode code{};
  jsConsumerInfo* raw = nullptr;
  const natsStatus status = js_GetConsumerInfo(&raw, context_.get(), stream.c_str(), durable.c_str(), &options, &code);
  const ConsumerInfo found(raw);
  if (status == NATS_OK) return state_of(*found);
  const std::string tried = "look up consumer '" + durable + "' of stream '" + stream + "'";
  if (static_cast<int>(code) == not_enabled_for_account)
    return find_imported(connection_, Subject::parse("$JS.API.CONSUMER.INFO." + stream + '.' + durable).value(), tried,
                         patience_);
  return nats_failure(status, tried, static_cast<int>(code));
}

base::Result<ConsumerState> JetStream::compare_consumer(const std::string& stream, const ConsumerSettings& settings) {
  const auto found = consumer_info(context_.get(), stream, settings.durable, patience_);
  if (!found) return base::failure(found.error());
  ConsumerState state = state_of(**found);
  state.drift = drift_of(**found, settings);
  return state;
}

base::Result<std::vector<std::string>> JetStream::consumer_names(const std::string& stream) {
  jsOptions options = options_for(patience_);
  jsConsumerNamesList* raw = nullptr;
  const natsStatus status = js_ConsumerNames(&raw, context_.get(), stream.c_str(), &options, nullptr);
  const std::unique_ptr<jsConsumerNamesList, decltype(&jsConsumerNamesList_Destroy)> list(raw,
                                                                                          &jsConsumerNamesList_Destroy);
  if (status == NATS_NOT_FOUND) return std::vector<std::string>{};  // none
  if (status != NATS_OK) return nats_failure(status, "list the consumers of stream '" + stream + "'");
  return std::vector<std::string>(list->List, list->List + list->Count);
}

base::Result<void> JetStream::remove_consumer(const std::string& stream, const std::string& durable) {
  if (auto checked = check_names(stream, durable); !checked) return checked;
  jsOptions options = options_for(patience_);
  jsErrCode code{};
  const natsStatus status = js_DeleteConsumer(context_.get(), stream.c_str(), durable.c_str(), &options, &code);
  if (status != NATS_OK)
    return nats_failure(status, "delete consumer '" + durable + "' of stream '" + stream + "'", static_cast<int>(code));
  return {};
}

base::Result<MessageHandle> JetStream::message(const std::string& stream, std::uint64_t sequence) {
  if (auto checked = check_name("stream", stream); !checked) return tl::unexpected(checked.error());
  jsOptions options = options_for(patience_);
  jsErrCode code{};
  natsMsg* raw = nullptr;
  const natsStatus status = js_GetMsg(&raw, context_.get(), stream.c_str(), sequence, &options, &code);
  MessageHandle message(raw);
  if (status != NATS_OK) {
    return nats_failure(status, "read message " + std::to_string(sequence) + " of stream '" + stream + "'",
                        static_cast<int>(code));
  }
  return message;
}

base::Result<std::string> JetStream::message_at(const std::string& stream, std::uint64_t sequence) {
  const auto found = message(stream, sequence);
  if (!found) return base::failure(found.error());
  return std::string(natsMsg_GetData(found->get()), static_cast<std::size_t>(natsMsg_GetDataLength(found->get())));
}

base::Result<std::int64_t> JetStream::stored_at(const std::string& stream, std::uint64_t sequence) {
  const auto found = message(stream, sequence);
  if (!found) return base::failure(found.error());
  return natsMsg_GetTime(found->get()) / 1'000'000;
}

base::Result<void> JetStream::publish(const Subject& subject, std::string_view bytes, const std::string& message_id) {
  if (auto checked = check_header_value("message_id", message_id); !checked) return checked;
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MaxWait = patience_.count();
  if (!message_id.empty()) options.MsgId = message_id.c_str();
  jsErrCode code{};
  jsPubAck* raw = nullptr;
  const natsStatus status =
      js_Publish(&raw, context_.get(), subject.c_str(), bytes.data(), static_cast<int>(bytes.size()), &options, &code);
  const PublishAck ack(raw);
  traffic().sent(subject.text(), bytes.size(), status == NATS_OK);
  if (status == NATS_NO_RESPONDERS || static_cast<int>(code) == no_responders_of_jetstream)
    return base::failure(base::ErrorCode::not_found,
                         "no stream of JetStream takes the subject '" + subject.text() + "': nothing was stored",
                         "subject");
  if (status != NATS_OK)
    return nats_failure(status, "publish to JetStream subject '" + subject.text() + "'", static_cast<int>(code));
  return {};
}

base::Result<std::unique_ptr<PullSubscription>> JetStream::pull(const PullSource& source) {
  for (const std::string& durable : source.durables) {
    if (const auto found = find_consumer(source.stream, durable); !found) return base::failure(found.error());
  }
  std::string inbox = connection_.new_inbox().text() + '.';
  natsSubscription* raw = nullptr;
  const natsStatus status = natsConnection_SubscribeSync(&raw, connection_.handle(), (inbox + '*').c_str());
  if (status != NATS_OK) return nats_failure(status, "subscribe to the inbox for stream '" + source.stream + "'");
  return std::make_unique<PullSubscription>(own_subscription(raw), std::move(inbox), *this, connection_, source);
}

}  // namespace noetl::nats
