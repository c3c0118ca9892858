#include "shared/messaging/stream_reader.hpp"

#include <algorithm>
#include <condition_variable>
#include <nlohmann/json.hpp>

#include "shared/base/thread_name.hpp"
#include "shared/messaging/subject_map.hpp"
#include "shared/nats/jetstream.hpp"
#include "shared/nats/requests/parted_message.hpp"

namespace noetl::messaging {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds fetch_patience{500};
constexpr milliseconds call_patience{2000};
constexpr milliseconds good_while{10'000};  // after it an error is the first one again

std::string mark_in(const nats::Message& message, const std::string& header) {
  if (header.empty()) return {};
  return std::string(nats::header_of(nats::headers_of(message.handle()), header));
}

}  // namespace

std::string text_of(const Position& position) {
  return nlohmann::json{
      {"stream_made_at", position.stream_made_at}, {"sequence", position.sequence}, {"mark", position.mark}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Position> position_of(const std::string& text) {
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  const auto has = [&](const char* name, bool (nlohmann::json::*is)() const noexcept) {
    const auto found = parsed.find(name);
    return found != parsed.end() && ((*found).*is)();
  };
  if (!parsed.is_object() || !has("stream_made_at", &nlohmann::json::is_string) ||
      !has("sequence", &nlohmann::json::is_number_unsigned) || !has("mark", &nlohmann::json::is_string))
    return failure(FailureKind::serialization, "checkpoint '" + text.substr(0, 200) + "' is no position of a stream");
  return Position{.stream_made_at = parsed["stream_made_at"].get<std::string>(),
                  .sequence = parsed["sequence"].get<std::uint64_t>(),
                  .mark = parsed["mark"].get<std::string>()};
}

Result<std::unique_ptr<StreamReader>> StreamReader::open(std::shared_ptr<nats::Connection> connection,
                                                         StreamReaderSettings settings, Checkpointer& checkpointer,
                                                         Handlers& handlers) {
  if (const auto filter = nats::SubjectFilter::parse(settings.subject); !filter)
    return failure(failure_of(filter.error(), FailureKind::settings));
  if (settings.name.empty()) return failure(FailureKind::settings, "a reader needs a name for its checkpoint");
  // So that a stream that is not there, or a store that is away, is told here.
  const auto facts = find_stream(*connection, settings.stream, call_patience);
  if (!facts) return failure(facts.error());
  std::unique_ptr<StreamReader> made(
      new StreamReader(std::move(connection), std::move(settings), checkpointer, handlers));
  if (auto loaded = made->load(); !loaded) return failure(std::move(loaded.error()));
  if (made->position_.stream_made_at.empty())
    made->position_ = {.stream_made_at = facts->made_at,
                       .sequence = made->settings_.from_end ? facts->last_sequence : facts->first_sequence - 1,
                       .mark = {}};
  made->thread_ = std::jthread([raw = made.get()](const std::stop_token& stop) { raw->run(stop); });
  return made;
}

StreamReader::StreamReader(std::shared_ptr<nats::Connection> connection, StreamReaderSettings settings,
                           Checkpointer& checkpointer, Handlers& handlers)
    : connection_(std::move(connection)),
      settings_(std::move(settings)),
      checkpointer_(checkpointer),
      handlers_(handlers) {}

StreamReader::~StreamReader() = default;

Result<void> StreamReader::load() {
  const auto stored = checkpointer_.load(settings_.name);
  if (!stored) return failure(stored.error());
  if (!*stored) return {};
  auto position = position_of((*stored)->position);
  if (!position) return failure(std::move(position.error()));
  revision_ = (*stored)->revision;
  move_to(std::move(*position));
  return {};
}

Position StreamReader::position() const {
  const std::lock_guard lock(mutex_);
  return position_;
}

void StreamReader::move_to(Position position) {
  const std::lock_guard lock(mutex_);
  position_ = std::move(position);
}

Result<void> StreamReader::save() {
  if (!settings_.saves) return {};
  const auto saved = checkpointer_.save(settings_.name, text_of(position()), revision_);
  if (!saved) return failure(saved.error());
  revision_ = *saved;
  unsaved_ = 0;
  return {};
}

void StreamReader::wait(const std::stop_token& stop, int failures) {
  std::unique_lock lock(mutex_);
  wakes_.wait_for(lock, stop, settings_.retry.delay_after(failures), [] { return false; });
}

Result<void> StreamReader::pass_gap(const StreamFacts& facts, const std::string& before) {
  if (!settings_.on_gap) {
    handlers_.tell({.kind = FailureKind::gap,
                    .message = "stream '" + settings_.stream + "' has lost messages after " +
                               std::to_string(position().sequence) + "; its first is " +
                               std::to_string(facts.first_sequence),
                    .subject = {}});
    return {};
  }
  return settings_.on_gap({.after = position().mark, .before = before, .save = [this](const std::string& mark) {
                             auto at = position();
                             at.mark = mark;
                             move_to(std::move(at));
                             return save();
                           }});
}

// The message has the place after the position, as far as anybody knows. False: it has not been handled.
Result<bool> StreamReader::take(const nats::Message& message, const std::stop_token& stop) {
  if (message.consumer_sequence() != consumed_ + 1) return false;
  ++consumed_;
  auto at = position();
  const auto sequence = message.stream_sequence();
  if (!is_before_gap_ && sequence != at.sequence + 1) {
    // Others than the filter takes may stand between, or nothing any more.
    const auto facts = find_stream(*connection_, settings_.stream, call_patience);
    if (!facts) return failure(facts.error());
    is_before_gap_ = facts->first_sequence > at.sequence + 1;
  }
  auto mark = mark_in(message, settings_.mark_header);
  if (is_before_gap_) {
    if (auto passed = pass_gap({.made_at = {}, .first_sequence = sequence, .last_sequence = sequence}, mark); !passed)
      return failure(std::move(passed.error()));
    ++gaps_;
    is_before_gap_ = false;
    at = position();
  }
  at.sequence = sequence;
  if (!settings_.mark_header.empty()) at.mark = std::move(mark);
  for (int failures = 1;; ++failures) {
    const auto handled = handlers_.handle({.subject = std::string(message.subject()),
                                           .reply = {},
                                           .headers = nats::headers_of(message.handle()),
                                           .bytes = std::string(message.bytes()),
                                           .stream_sequence = sequence,
                                           .delivery = failures,
                                           .position = text_of(at)});
    if (handled || !handled.error().is_worth_another_try()) break;
    wait(stop, failures);
    if (stop.stop_requested()) return false;
  }
  move_to(std::move(at));
  ++unsaved_;
  return true;
}

Result<void> StreamReader::read(const std::stop_token& stop) {
  const auto facts = find_stream(*connection_, settings_.stream, call_patience);
  if (!facts) return failure(facts.error());
  auto at = position();
  const bool is_another = at.stream_made_at != facts->made_at;
  is_before_gap_ = is_another || facts->first_sequence > at.sequence + 1 || facts->last_sequence < at.sequence;
  const auto from = is_before_gap_ ? facts->first_sequence : at.sequence + 1;
  // The sequence stays until a message is there: who is stopped meanwhile finds the gap again.
  at.stream_made_at = facts->made_at;
  if (is_another) at.sequence = 0;
  const auto connections = connection_->connection_count();
  const auto consumer = make_reading_consumer(*connection_, settings_.stream, settings_.subject, from, call_patience);
  if (!consumer) return failure(consumer.error());
  consumed_ = 0;
  nats::JetStream jetstream(*connection_, call_patience);
  auto opened = jetstream.pull({.stream = settings_.stream, .durables = {*consumer}, .answers_on = connection_});
  if (!opened) return failure(failure_of(opened.error(), FailureKind::subscribe));
  bool is_gap_told = false;
  while (!stop.stop_requested()) {
    const auto messages = (*opened)->fetch(settings_.batch, fetch_patience);
    if (!messages) return failure(failure_of(messages.error(), FailureKind::subscribe));
    if (messages->empty() && is_before_gap_ && !std::exchange(is_gap_told, true)) {
      if (auto passed = pass_gap(*facts, {}); !passed) return passed;
    }
    for (const auto& message : *messages) {
      if (is_another && is_before_gap_) {
        at.mark = position().mark;
        move_to(at);
      }
      const auto taken = take(message, stop);
      if (!taken) return failure(taken.error());
      if (!*taken) return {};
      if (unsaved_ >= settings_.save_every) {
        if (auto saved = save(); !saved) return saved;
      }
      if (stop.stop_requested()) return {};
    }
    // What was on its way when the connection was lost does not come again from this consumer.
    if (messages->empty() && connection_->connection_count() != connections) return {};
    if (messages->empty() && unsaved_ > 0) {
      if (auto saved = save(); !saved) return saved;
    }
  }
  return {};
}

void StreamReader::run(const std::stop_token& stop) {
  base::name_thread("stream-reader");
  const nats::ThreadScope scope;
  for (int failures = 0; !stop.stop_requested();) {
    const auto began = Clock::now();
    const auto ended = read(stop);
    if (ended) {
      failures = 0;
      continue;
    }
    handlers_.tell(ended.error());
    if (ended.error().kind == FailureKind::conflict) break;  // another reader has the name
    failures = Clock::now() - began > good_while ? 1 : failures + 1;
    wait(stop, failures);
  }
  if (unsaved_ > 0) {
    if (const auto saved = save(); !saved) handlers_.tell(saved.error());
  }
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  wakes_.notify_all();
}

Result<void> StreamReader::close(milliseconds patience) {
  thread_.request_stop();
  std::unique_lock lock(mutex_);
  if (wakes_.wait_for(lock, patience, [&] { return has_ended_; })) return {};
  return failure(FailureKind::timeout, "a handler is still busy after " + std::to_string(patience.count()) + " ms");
}

}  // namespace noetl::messaging
