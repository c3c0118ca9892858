#pragma once
// StreamReader: the messages of a stream in its order, from a checkpoint on, each once. The reader is told when the stream has lost
// what follows the checkpoint, before it goes on. A handler that fails is called again with the same message. Its thread is its own.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "shared/base/backoff.hpp"
#include "shared/messaging/checkpointer.hpp"
#include "shared/messaging/client.hpp"
#include "shared/messaging/handlers.hpp"

namespace noetl::nats {
class Message;
}

namespace noetl::messaging {

// How far a reader has come.
struct Position {
  std::string stream_made_at;  // which stream of that name
  std::uint64_t sequence = 0;  // of the last message that was handled
  std::string mark;  // header `mark_header` of it: the publisher's own word for the place
  bool operator==(const Position&) const = default;
};
[[nodiscard]] std::string text_of(const Position& position);
// serialization: no text of a position.
[[nodiscard]] Result<Position> position_of(const std::string& text);

// The stream has lost messages that nobody handled.
struct Gap {
  std::string after;  // mark of the last message that was handled; empty: there was none, or it had no mark
  std::string before;  // mark of the first that the stream has; empty: it has none now
  // Whoever fetches the missing ones from elsewhere says how far it has come, in the words of marks: kept as a checkpoint.
  std::function<Result<void>(const std::string& mark)> save;
};

struct StreamReaderSettings {
  std::string stream;
  std::string subject = ">";  // `*` for a token, `>` for all that follow
  std::string name;  // of the checkpoint
  std::string mark_header;  // empty: no marks
  bool from_end = false;  // without a checkpoint: only what comes from now on
  bool saves = true;  // false: the handler keeps Received::position itself
  std::size_t save_every =
      100;  // messages; a checkpoint is also saved when the stream is read to its end, and by close()
  int batch = 100;
  base::Backoff retry{.kind = base::BackoffKind::exponential,
                      .initial = std::chrono::milliseconds(100),
                      .delay_max = std::chrono::milliseconds(5000),
                      .multiplier = 2.0};
  // An error: the reader stays before the gap and asks again. None: the gap is told to the handlers' on_failure, and passed.
  std::function<Result<void>(const Gap& gap)> on_gap;
};

class StreamReader {
 public:
  // Errors: settings, subscribe, connect, checkpoint. Handlers and checkpointer must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<StreamReader>> open(std::shared_ptr<nats::Connection> connection,
                                                                  StreamReaderSettings settings,
                                                                  Checkpointer& checkpointer, Handlers& handlers);
  ~StreamReader();
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  // Ends after the message that is being handled, and saves the checkpoint. timeout: the handler is still busy.
  [[nodiscard]] Result<void> close(std::chrono::milliseconds patience = std::chrono::milliseconds(10'000));
  [[nodiscard]] Position position() const;
  [[nodiscard]] std::uint64_t gaps() const { return gaps_; }

 private:
  StreamReader(std::shared_ptr<nats::Connection> connection, StreamReaderSettings settings, Checkpointer& checkpointer,
               Handlers& handlers);
  [[nodiscard]] Result<void> load();
  void run(const std::stop_token& stop);
  // Until stop, or until the consumer is gone or out of step.
  [[nodiscard]] Result<void> read(const std::stop_token& stop);
  // False: the consumer is out of step, or it was stopped.
  [[nodiscard]] Result<bool> take(const nats::Message& message, const std::stop_token& stop);
  [[nodiscard]] Result<void> pass_gap(const StreamFacts& facts, const std::string& before);
  [[nodiscard]] Result<void> save();
  void move_to(Position position);
  void wait(const std::stop_token& stop, int failures);

  const std::shared_ptr<nats::Connection> connection_;
  const StreamReaderSettings settings_;
  Checkpointer& checkpointer_;
  Handlers& handlers_;
  mutable std::mutex mutex_;
  std::condition_variable_any wakes_;
  Position position_;  // under mutex_
  bool has_ended_ = false;  // under mutex_
  // Of the thread alone.
  std::uint64_t revision_ = 0;
  std::size_t unsaved_ = 0;
  bool is_before_gap_ = false;
  std::uint64_t consumed_ = 0;  // by the consumer that is there
  std::atomic<std::uint64_t> gaps_{0};
  std::jthread thread_;  // last: it uses the others
};

}  // namespace noetl::messaging
