#pragma once
// LaneScheduler: how a worker's idle slots are divided among the lanes of its pool (docs/reference/protocol.md): the first
// lane before the others, but a sixteenth for each lane that has something, so that none starves. Pure; one thread.
#include <cstddef>
#include <cstdint>
#include <vector>

namespace noetl::loop {

class LaneScheduler {
 public:
  explicit LaneScheduler(std::size_t lanes) : pending_(lanes), size_(lanes, 1) {}

  // So many messages of that lane wait still, as its last answer said.
  void set_pending(std::size_t lane, std::uint64_t pending) { pending_[lane] = pending; }
  // So many messages of that lane named so many commands; the next ones are taken to be like them.
  void record_batch_size(std::size_t lane, std::size_t messages, std::size_t commands);
  // How many of its messages that many slots are for. One at least: what it names too much is for others.
  [[nodiscard]] int messages_for(std::size_t lane, int slots) const;
  // The last messages of the first lane were stale: their commands were claimed without them. While that goes on, more are pulled
  // at once.
  void note_stale(bool are_stale);
  [[nodiscard]] bool is_busy() const;
  [[nodiscard]] std::size_t lanes() const { return pending_.size(); }

  // Pull sizes of an idle worker: the first lane gets up to 64, because an unanswered pull stays open on the server; each
  // other lane gets 1. With fewer slots than lanes that is more than there is room: the worker naks what it cannot take.
  [[nodiscard]] std::vector<int> to_wait_for(int room) const;
  // The same when some lane is busy: all of the room (at least as many as lanes) for those that are, and beyond it one for
  // each of the others, to see whether it is still idle; with little room for one of them, mostly the first. Keeping room for
  // those would leave a slot or two empty, and cost a claim of its own to fill them.
  [[nodiscard]] std::vector<int> divided(int room);
  // In which order to ask with less room than that, each for all of it. Every sixteenth turn a lane other than the first begins.
  [[nodiscard]] std::vector<std::size_t> next_order();

 private:
  std::vector<std::uint64_t> pending_;  // by lane, as of the last answer
  std::vector<int> size_;  // by lane: commands in a message
  std::uint64_t turns_ = 0;
  int stale_factor_ = 1;
};

}  // namespace noetl::loop
