#include "worker/run_worker.hpp"

#include <algorithm>
#include <exception>

#include "shared/telemetry/log.hpp"
#include "shared/transport/http_transport.hpp"
#include "worker/loop/worker.hpp"
#include "worker/tools/http_tool.hpp"
#include "worker/tools/instant_tools.hpp"
#include "worker/tools/python_tool.hpp"
#include "worker/tools/shell_tool.hpp"

namespace noetl::worker {
namespace {

tools::ToolLimits limits_of(const config::WorkerSettings& settings) {
  return {.output_bytes_max = settings.tool_output_max,
          .result_bytes_max = settings.tool_result_max,
          .memory_bytes_max = settings.tool_memory_max,
          .timeout_default = settings.tool_timeout};
}

void add_tools(tools::Registry& registry, const config::WorkerSettings& settings) {
  const auto limits = limits_of(settings);
  tools::PythonSettings python;
  python.interpreter = settings.python;
  python.limits = limits;
  python.pool_size = static_cast<std::size_t>(settings.slots);
  python.warm_size = static_cast<std::size_t>(std::min(settings.python_processes, settings.slots));
  registry.add(std::make_unique<tools::PythonTool>(std::move(python)));
  registry.add(std::make_unique<tools::ShellTool>(tools::ShellSettings{.limits = limits}));
  registry.add(std::make_unique<tools::HttpTool>(tools::HttpSettings{.limits = limits}));
  registry.add(std::make_unique<tools::NoopTool>());
  registry.add(std::make_unique<tools::EventLogTool>());
}

loop::WorkerSettings loop_settings(const config::WorkerSettings& settings) {
  loop::WorkerSettings loop;
  loop.worker_id = settings.worker_id;
  loop.pool = settings.pool;
  loop.slots = settings.slots;
  loop.grace = settings.grace;
  loop.uses_nats = settings.nats.url != "none";
  loop.nats.url = settings.nats.url;
  loop.nats.credentials_file = settings.nats.credentials_file;
  loop.nats.name = "noetl-worker";
  loop.stream = settings.nats.stream;
  loop.ack_wait = settings.nats.ack_wait;
  loop.limits = limits_of(settings);
  return loop;
}

}  // namespace

int run_worker(const config::WorkerSettings& settings, std::stop_token stop) {
  try {
    tools::Registry registry;
    add_tools(registry, settings);
    transport::HttpSettings http;
    http.server_url = settings.server_url;
    http.token = settings.token;
    transport::HttpTransport transport(http);
    loop::Worker worker(loop_settings(settings), transport, registry);
    telemetry::log_info("worker", "Worker starts",
                        {{"worker_id", worker.worker_id()},
                         {"pool", settings.pool},
                         {"slots", std::to_string(settings.slots)},
                         {"server", settings.server_url},
                         {"nats", settings.nats.url}});
    const bool is_all_reported = worker.run(stop);
    telemetry::log_info("worker",
                        is_all_reported ? "Worker has stopped"
                                        : "Worker has stopped with work unreported: it runs again elsewhere",
                        {{"completed", std::to_string(worker.counts().completed.load())},
                         {"failed", std::to_string(worker.counts().failed.load())}});
    return is_all_reported ? 0 : 1;
  } catch (const std::exception& error) {
    telemetry::log_error("worker", "Worker cannot go on", {{"error", error.what()}});
    return 1;
  }
}

}  // namespace noetl::worker
