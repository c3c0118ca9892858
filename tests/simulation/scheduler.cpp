#include "tests/simulation/scheduler.hpp"

#include <cxxabi.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace noetl::simulation {

namespace {
// The loader and the engine recurse as deep as their inputs; pages that nobody touches cost nothing.
constexpr std::size_t stack_bytes = 512UL * 1024;

Scheduler* running_scheduler = nullptr;

// Stacks are used again by the fibers that come later, of later runs as well.
std::vector<void*>& free_stacks() {
  static std::vector<void*> stacks;
  return stacks;
}

void* take_stack() {
  auto& stacks = free_stacks();
  if (!stacks.empty()) {
    void* stack = stacks.back();
    stacks.pop_back();
    return stack;
  }
  void* stack = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) {
    std::perror("simulation: no memory for a fiber's stack");
    std::abort();
  }
  return stack;
}

// What the C++ runtime keeps of exceptions per thread: here it is per fiber.
using ExceptionState = std::array<std::byte, 16>;
void* exception_state() { return abi::__cxa_get_globals(); }
}  // namespace

struct Fiber {
  ucontext_t context{};
  void* stack = nullptr;
  std::function<void()> body;
  std::uint64_t number = 0;
  ProcessNumber process = 0;
  bool is_blocked = false;
  bool has_ended = false;
  bool has_timed_out = false;
  const void* waits_on = nullptr;
  std::optional<Time> deadline;
  ExceptionState exceptions{};
};

Scheduler::Scheduler(std::uint64_t seed) : random_(seed), main_(std::make_unique<Fiber>()) {}

// Fibers that have not ended are dropped as they stand: their memory belongs to processes that are no more.
Scheduler::~Scheduler() {
  for (const auto& fiber : fibers_) free_stacks().push_back(fiber->stack);
}

Scheduler* Scheduler::running() { return running_scheduler; }

ProcessNumber Scheduler::process() const { return current_ == nullptr ? 0 : current_->process; }
std::uint64_t Scheduler::fiber_number() const { return current_ == nullptr ? 0 : current_->number; }

void Scheduler::enter() {
  Scheduler* scheduler = running_scheduler;
  Fiber* self = scheduler->current_;
  {
    const auto body = std::move(self->body);
    body();
  }
  self->has_ended = true;
  scheduler->has_dead_ = true;
  scheduler->wake(self, true);
  scheduler->leave();
}

std::uint64_t Scheduler::spawn(ProcessNumber process, std::function<void()> body) {
  auto fiber = std::make_unique<Fiber>();
  fiber->stack = take_stack();
  fiber->body = std::move(body);
  fiber->number = next_number_++;
  fiber->process = process;
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = stack_bytes;
  fiber->context.uc_link = nullptr;
  makecontext(&fiber->context, &Scheduler::enter, 0);
  fibers_.push_back(std::move(fiber));
  return fibers_.back()->number;
}

void Scheduler::resume(Fiber& fiber) {
  ++steps_;
  current_ = &fiber;
  std::memcpy(exception_state(), fiber.exceptions.data(), fiber.exceptions.size());
  swapcontext(&main_->context, &fiber.context);
  current_ = nullptr;
  std::memset(exception_state(), 0, sizeof(ExceptionState));
  if (has_dead_) bury();
}

void Scheduler::leave() {
  Fiber* self = current_;
  std::memcpy(self->exceptions.data(), exception_state(), self->exceptions.size());
  swapcontext(&self->context, &main_->context);
}

void Scheduler::bury() {
  std::erase_if(fibers_, [](const std::unique_ptr<Fiber>& fiber) {
    if (fiber->has_ended) free_stacks().push_back(fiber->stack);
    return fiber->has_ended;
  });
  has_dead_ = false;
}

// One of those that can go on; when there is none, the clock moves to the next deadline.
Fiber* Scheduler::choose() {
  for (;;) {
    ready_.clear();
    std::optional<Time> next;
    for (const auto& fiber : fibers_) {
      if (!frozen_.empty() && frozen_.contains(fiber->process)) continue;
      if (!fiber->is_blocked) {
        ready_.push_back(fiber.get());
      } else if (fiber->deadline && *fiber->deadline <= now_) {
        fiber->has_timed_out = true;
        ready_.push_back(fiber.get());
      } else if (fiber->deadline && (!next || *fiber->deadline < *next)) {
        next = fiber->deadline;
      }
    }
    if (!ready_.empty()) break;
    if (!next) return nullptr;
    now_ = *next;
  }
  Fiber* chosen = ready_[random_.below(ready_.size())];
  chosen->is_blocked = false;
  chosen->deadline.reset();
  chosen->waits_on = nullptr;
  return chosen;
}

void Scheduler::run(Time limit) {
  running_scheduler = this;
  while (!is_stopped_ && now_ < limit) {
    Fiber* fiber = choose();
    if (fiber == nullptr) break;
    resume(*fiber);
  }
  running_scheduler = nullptr;
}

bool Scheduler::wait(const void* on, std::optional<Time> deadline) {
  Fiber* self = current_;
  self->is_blocked = true;
  self->has_timed_out = false;
  self->waits_on = on;
  self->deadline = deadline;
  leave();
  return !self->has_timed_out;
}

void Scheduler::wake(const void* on, bool all) {
  for (const auto& fiber : fibers_) {
    if (!fiber->is_blocked || fiber->waits_on != on) continue;
    fiber->is_blocked = false;
    fiber->has_timed_out = false;
    fiber->waits_on = nullptr;
    fiber->deadline.reset();
    if (!all) return;
  }
}

void Scheduler::sleep(Time time) { (void)wait(nullptr, now_ + std::max(time, Time{0})); }

void Scheduler::yield() { leave(); }

void Scheduler::join(std::uint64_t number) {
  const auto found =
      std::find_if(fibers_.begin(), fibers_.end(), [&](const auto& fiber) { return fiber->number == number; });
  if (found == fibers_.end() || (*found)->has_ended) return;
  (void)wait(found->get(), std::nullopt);
}

void Scheduler::kill(ProcessNumber process) {
  for (const auto& fiber : fibers_) {
    if (fiber->process != process) continue;
    fiber->has_ended = true;
    has_dead_ = true;
  }
  frozen_.erase(process);
  if (current_ != nullptr && current_->process == process) leave();
  if (current_ == nullptr) bury();
}

}  // namespace noetl::simulation
