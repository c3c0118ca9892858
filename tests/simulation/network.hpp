#pragma once
// Network: calls from clients and workers to servers. A request or its reply may be lost, late or doubled, and the
// server may die in between; the caller then knows nothing. SimulatedTransport is the worker's Transport on it. Fibers.
#include <functional>
#include <memory>
#include <optional>

#include "server/postgres/errors.hpp"
#include "shared/base/result.hpp"
#include "shared/transport/transport.hpp"
#include "tests/simulation/server.hpp"
#include "tests/simulation/world.hpp"

namespace noetl::simulation {

// As HttpTransport's.
inline constexpr std::chrono::seconds answer_timeout{15};

template <class T>
class Call {
 public:
  using Work = std::function<base::Result<T>(Server&)>;

  Call(World& world, std::string what, Work work) : world_(world), what_(std::move(what)), work_(std::move(work)) {}

  [[nodiscard]] base::Result<T> run(Time patience = answer_timeout) {
    auto& scheduler = world_.scheduler;
    auto& random = world_.random();
    const Time until = scheduler.now() + patience;
    scheduler.sleep(random.time(std::chrono::microseconds(50), std::chrono::microseconds(400)));
    if (random.one_in(world_.troubles.call_slow)) scheduler.sleep(random.time({}, std::chrono::seconds(3)));
    Server* server = world_.any_server();
    if (server == nullptr) return failed("nobody listens");
    if (random.one_in(world_.troubles.request_lost)) return fall_silent(until, "request lost");
    const auto pending = launch(*server);
    if (random.one_in(world_.troubles.request_doubled)) (void)launch(*server);
    world_.wait_for(server->process, pending.get());
    while (!pending->answer && world_.is_up(server) && scheduler.now() < until) {
      (void)scheduler.wait(pending.get(), until);
    }
    if (!pending->answer) return failed(world_.is_up(server) ? "no answer in time" : "the connection was cut");
    if (random.one_in(world_.troubles.reply_lost)) return fall_silent(until, "reply lost");
    scheduler.sleep(random.time(std::chrono::microseconds(50), std::chrono::microseconds(400)));
    return std::move(*pending->answer);
  }

 private:
  struct Pending {
    std::optional<base::Result<T>> answer;
  };

  // What a server's handler thread does. Shared, since caller and server may each go first.
  std::shared_ptr<Pending> launch(Server& server) {
    auto pending = std::make_shared<Pending>();
    world_.scheduler.spawn(server.process, [&world = world_, &server, pending, work = work_, what = what_] {
      if (world.has_trace()) world.note("handles " + what);
      std::optional<base::Result<T>> answer;
      try {
        answer = work(server);
      } catch (const postgres::Unavailable& away) {
        answer = base::failure(base::ErrorCode::unavailable, away.what());
      } catch (const std::exception& thrown) {
        world.trace.broken(what + " threw: " + thrown.what());
        answer = base::failure(base::ErrorCode::internal, thrown.what());
      }
      if (world.has_trace()) world.note("answers " + what + (*answer ? "" : ": " + answer->error().message));
      pending->answer = std::move(answer);
      world.scheduler.wake(pending.get(), true);
    });
    return pending;
  }

  base::Result<T> failed(const std::string& why) {
    if (world_.has_trace()) world_.note(what_ + ": " + why);
    return base::failure(base::ErrorCode::unavailable, what_ + ": " + why);
  }
  base::Result<T> fall_silent(Time until, const std::string& why) {
    // Half of the losses are noticed at once (a reset), the others by their timeout.
    if (world_.random().one_in(2)) world_.scheduler.sleep(until - world_.scheduler.now());
    return failed(why);
  }

  World& world_;
  const std::string what_;
  const Work work_;
};

class SimulatedTransport final : public transport::Transport {
 public:
  // `instance`: the process behind the worker's name, as HttpTransport makes one up.
  SimulatedTransport(World& world, std::string instance) : world_(world), instance_(std::move(instance)) {}

  base::Result<wire::RegistrationAnswer> register_worker(const wire::WorkerRegistration& registration) override;
  base::Result<wire::HeartbeatAnswer> heartbeat(const wire::Heartbeat& heartbeat) override;
  base::Result<wire::ClaimAnswer> claim(const wire::ClaimRequest& request) override;
  base::Result<wire::ReportAnswer> report(const wire::ReportRequest& request) override;
  base::Result<wire::AheadAnswer> run_ahead(const wire::AheadRequest& request) override;
  base::Result<void> deregister(const std::string& worker_id) override;

 private:
  World& world_;
  const std::string instance_;
};

}  // namespace noetl::simulation
