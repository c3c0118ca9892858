// What the product's code takes for threads, locks, clocks and entropy, given by the scheduler instead: these symbols
// come before those of libc and libstdc++, so that the very same objects that the programs are made of run here. Only
// in the simulation's programs, which have one real thread. Outside of a run, locks are free and clocks stand at 0.
#include <pthread.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "tests/simulation/scheduler.hpp"

namespace {
using noetl::simulation::Scheduler;
using noetl::simulation::Time;
using noetl::simulation::wall_begin;

// A steady clock is never at zero: code takes that for "never".
constexpr std::chrono::hours steady_begin{1};
// One lock in so many lets others go first: the interleavings that a preemptive kernel would bring.
constexpr std::uint64_t preemption = 24;

Time now() {
  const Scheduler* scheduler = Scheduler::running();
  return scheduler == nullptr ? Time{0} : scheduler->now();
}

bool in_fiber() {
  const Scheduler* scheduler = Scheduler::running();
  return scheduler != nullptr && scheduler->in_fiber();
}

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "simulation: %s\n", why);
  std::abort();
}

bool is_recursive(const pthread_mutex_t* mutex) { return (mutex->__data.__kind & 3) == PTHREAD_MUTEX_RECURSIVE_NP; }

int own_number() { return in_fiber() ? static_cast<int>(Scheduler::running()->fiber_number()) : 0; }

int wait_for(pthread_cond_t* condition, pthread_mutex_t* mutex, std::optional<Time> deadline) {
  if (!in_fiber()) give_up("a condition is waited for outside of the simulation");
  pthread_mutex_unlock(mutex);
  const bool is_woken = Scheduler::running()->wait(condition, deadline);
  pthread_mutex_lock(mutex);
  return is_woken ? 0 : ETIMEDOUT;
}

Time time_of(const timespec& moment) {
  return std::chrono::seconds(moment.tv_sec) + std::chrono::nanoseconds(moment.tv_nsec);
}

void wake(pthread_cond_t* condition, bool all) {
  if (Scheduler* scheduler = Scheduler::running()) scheduler->wake(condition, all);
}
}  // namespace

extern "C" {

int pthread_create(pthread_t* thread, const pthread_attr_t*, void* (*start)(void*), void* argument) noexcept {
  Scheduler* scheduler = Scheduler::running();
  if (scheduler == nullptr) give_up("a thread is started outside of the simulation");
  *thread = static_cast<pthread_t>(scheduler->spawn(scheduler->process(), [start, argument] { start(argument); }));
  return 0;
}

int pthread_join(pthread_t thread, void**) {
  if (!in_fiber()) give_up("a thread is joined outside of the simulation");
  Scheduler::running()->join(static_cast<std::uint64_t>(thread));
  return 0;
}

int pthread_detach(pthread_t) noexcept { return 0; }

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  auto& state = mutex->__data;
  const int self = own_number();
  if (state.__lock != 0 && is_recursive(mutex) && state.__owner == self) {
    ++state.__count;
    return 0;
  }
  if (in_fiber()) {
    Scheduler* scheduler = Scheduler::running();
    if (scheduler->process() != 0 && scheduler->random().one_in(preemption)) scheduler->yield();
    while (state.__lock != 0) (void)scheduler->wait(mutex, std::nullopt);
  } else if (state.__lock != 0) {
    give_up("a lock is held by a thread of the simulation that is no more");
  }
  state.__lock = 1;
  state.__owner = self;
  return 0;
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  if (mutex->__data.__lock != 0) return EBUSY;
  return pthread_mutex_lock(mutex);
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  auto& state = mutex->__data;
  if (state.__count > 0) {
    --state.__count;
    return 0;
  }
  state.__lock = 0;
  state.__owner = 0;
  if (Scheduler* scheduler = Scheduler::running()) scheduler->wake(mutex, false);
  return 0;
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  return wait_for(condition, mutex, std::nullopt);
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
  return wait_for(condition, mutex, time_of(*until) - wall_begin);
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  const Time begin = clock == CLOCK_MONOTONIC ? Time(steady_begin) : Time(wall_begin);
  return wait_for(condition, mutex, time_of(*until) - begin);
}

int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  wake(condition, false);
  return 0;
}

int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  wake(condition, true);
  return 0;
}

int pthread_cond_destroy(pthread_cond_t*) noexcept { return 0; }

}  // extern "C"

namespace std::chrono {
inline namespace _V2 {
steady_clock::time_point steady_clock::now() noexcept { return time_point(::now() + steady_begin); }
system_clock::time_point system_clock::now() noexcept {
  return time_point(duration_cast<system_clock::duration>(::now() + wall_begin));
}
}  // namespace _V2
}  // namespace std::chrono

std::random_device::result_type std::random_device::_M_getval() {
  Scheduler* scheduler = Scheduler::running();
  return scheduler == nullptr ? 0 : static_cast<result_type>(scheduler->random().next());
}
