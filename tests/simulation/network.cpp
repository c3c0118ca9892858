#include "tests/simulation/network.hpp"

#include "server/attempts/report_events.hpp"
#include "server/attempts/run_ahead.hpp"
#include "server/queue/claim_commands.hpp"
#include "server/queue/worker_registry.hpp"
#include "tests/simulation/invariants.hpp"

namespace noetl::simulation {

namespace {
std::string ids_of(const std::vector<base::CommandId>& ids) {
  std::string text;
  for (const auto id : ids) text += " " + id.str();
  return text;
}

std::string shown(const wire::ReportRequest& request) {
  std::string text = "report of " + request.worker_id + ":";
  for (const auto& attempt : request.attempts) {
    text += " " + attempt.lease.queue_id.str() + "/" + std::to_string(attempt.lease.epoch) + " " +
            std::string(domain::event_name(attempt.outcome)).substr(8);
  }
  return text;
}

// What HttpTransport sends as a header.
template <class Request>
Request of_process(Request request, const std::string& instance) {
  request.instance = instance;
  return request;
}

// The mistake of a server that answers before it has written.
wire::ReportAnswer rash_answer(const wire::ReportRequest& request) {
  wire::ReportAnswer answer;
  for (const auto& attempt : request.attempts) {
    answer.verdicts.emplace_back();
    answer.verdicts.back().queue_id = attempt.lease.queue_id;
  }
  return answer;
}
}  // namespace

base::Result<wire::RegistrationAnswer> SimulatedTransport::register_worker(
    const wire::WorkerRegistration& registration) {
  return Call<wire::RegistrationAnswer>(world_, "registration of " + registration.worker_id,
                                        [registration = of_process(registration, instance_)](Server& server) {
                                          return queue::register_worker(server.context, registration);
                                        })
      .run();
}

base::Result<wire::HeartbeatAnswer> SimulatedTransport::heartbeat(const wire::Heartbeat& heartbeat) {
  return Call<wire::HeartbeatAnswer>(world_, "heartbeat of " + heartbeat.worker_id,
                                     [heartbeat = of_process(heartbeat, instance_)](Server& server) {
                                       return queue::renew_leases(server.context, heartbeat);
                                     })
      .run();
}

base::Result<wire::ClaimAnswer> SimulatedTransport::claim(const wire::ClaimRequest& request) {
  const auto what = "claim of " + request.worker_id + ":" +
                    (request.direct_dispatch     ? " what is dispatched"
                     : request.queue_ids.empty() ? " any"
                                                 : ids_of(request.queue_ids));
  return Call<wire::ClaimAnswer>(world_, what,
                                 [request = of_process(request, instance_), &world = world_](Server& server) {
                                   auto answer = queue::claim_commands(server.context, request, {});
                                   if (answer) check_claim(world, request.worker_id, *answer);
                                   if (answer && request.direct_dispatch)
                                     world.note_dispatched(answer->commands.size());
                                   return answer;
                                 })
      .run(answer_timeout + request.wait);
}

base::Result<wire::ReportAnswer> SimulatedTransport::report(const wire::ReportRequest& request) {
  return Call<wire::ReportAnswer>(world_, shown(request),
                                  [request = of_process(request, instance_),
                                   &world = world_](Server& server) -> base::Result<wire::ReportAnswer> {
                                    if (world.settings.plant == Plant::ack_before_commit && world.random().one_in(4)) {
                                      world.scheduler.spawn(world.scheduler.process(), [request, &world, &server] {
                                        world.scheduler.sleep(std::chrono::milliseconds(1));
                                        try {
                                          (void)attempts::report_events(server.context, request);
                                        } catch (const postgres::Unavailable&) {
                                          // Nobody is there any more to be told: that is the mistake.
                                          return;
                                        }
                                      });
                                      auto rash = rash_answer(request);
                                      promise_reports(world, request, rash);
                                      return rash;
                                    }
                                    auto answer = attempts::report_events(server.context, request);
                                    if (answer) promise_reports(world, request, *answer);
                                    return answer;
                                  })
      .run();
}

base::Result<wire::AheadAnswer> SimulatedTransport::run_ahead(const wire::AheadRequest& request) {
  return Call<wire::AheadAnswer>(
             world_, "ahead of " + request.worker_id + ": " + std::to_string(request.ended.size()) + " ended",
             [request = of_process(request, instance_)](Server& server) {
               return attempts::run_ahead(server.context, request);
             })
      .run();
}

base::Result<void> SimulatedTransport::deregister(const std::string& worker_id) {
  return Call<void>(world_, "deregistration of " + worker_id,
                    [worker_id, instance = instance_](Server& server) {
                      return queue::deregister_worker(
                          server.context, {.worker_id = worker_id, .instance = instance, .by_force = false});
                    })
      .run();
}

}  // namespace noetl::simulation
