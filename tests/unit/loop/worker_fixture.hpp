#pragma once
// A worker with its scripted server, run on a thread of its own until the end of the test.
#include <optional>
#include <thread>

#include "tests/support/wait_until.hpp"
#include "tests/unit/loop/scripted_transport.hpp"
#include "worker/loop/worker.hpp"

namespace noetl::loop_test {

struct WorkerFixture {
  ScriptedTransport server;
  tools::Registry registry;
  HeldTool* held = nullptr;  // owned by the registry
  TalkingTool* talking = nullptr;  // the same
  loop::WorkerSettings settings;
  std::unique_ptr<loop::Worker> worker;
  std::optional<bool> is_whole;  // what run() returned; read after finish()
  std::jthread thread;

  WorkerFixture() {
    auto tool = std::make_unique<HeldTool>();
    held = tool.get();
    registry.add(std::move(tool));
    auto talker = std::make_unique<TalkingTool>();
    talking = talker.get();
    registry.add(std::move(talker));
    registry.add(std::make_unique<InstantTool>());
    registry.add(std::make_unique<ThrowingTool>());
    registry.add(std::make_unique<GarbageTool>());
    registry.add(std::make_unique<FailingTool>());
    settings.slots = 8;
    settings.uses_nats = false;
    settings.grace = std::chrono::milliseconds(100);
    settings.poll_patience = std::chrono::milliseconds(50);
    settings.fetch_patience = std::chrono::milliseconds(100);
  }
  void start() {
    worker = std::make_unique<loop::Worker>(settings, server, registry);
    thread = std::jthread([this](const std::stop_token& stop) { is_whole = worker->run(stop); });
  }
  // As SIGTERM does.
  void finish() {
    thread.request_stop();
    thread.join();
  }
  static void wait(const std::string& what, const std::function<bool()>& condition) {
    support::wait_until(what, std::chrono::seconds(15), condition);
  }
};

}  // namespace noetl::loop_test
