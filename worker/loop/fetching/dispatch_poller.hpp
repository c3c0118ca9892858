#pragma once
// DispatchPoller: while the fetcher waits for notifications and slots are free, a long poll waits at the server for commands that are made
// there: those do not wait for a notification and need no claim of their own (server/dispatch/dispatcher). What it does not
// get comes by notification. run() in one thread.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <stop_token>

#include "shared/transport/transport.hpp"
#include "worker/loop/fetching/command_starter.hpp"
#include "worker/loop/fetching/idle_gate.hpp"
#include "worker/loop/leases/heartbeat_sender.hpp"

namespace noetl::loop {

class DispatchPoller {
 public:
  struct Parts {
    transport::Transport& transport;
    HeldLeases& leases;
    HeartbeatSender& heartbeats;
    WorkerCounts& counts;
    IdleGate& idle_gate;
  };
  DispatchPoller(Parts parts, CommandStarter::Parts starting, const WorkerSettings& settings);
  DispatchPoller(const DispatchPoller&) = delete;
  DispatchPoller& operator=(const DispatchPoller&) = delete;

  void run(const std::stop_token& stop);

 private:
  void wait_for_work(int slots, const std::stop_token& stop);
  std::chrono::milliseconds next_backoff();
  void pause(std::chrono::milliseconds time, const std::stop_token& stop);

  Parts parts_;
  const WorkerSettings& settings_;
  CommandStarter starter_;
  int failures_ = 0;  // in a row; a server that has no room for it is one
  std::minstd_rand random_;
  std::mutex mutex_;
  std::condition_variable_any paused_;
};

}  // namespace noetl::loop
