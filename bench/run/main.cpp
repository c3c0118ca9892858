// noetl-bench: the load generator of bench/run/run.py. Each call measures one thing against a server that runs
// already and prints one line of JSON.
#include <CLI/CLI.hpp>
#include <iostream>

#include "bench/run/start_latency.hpp"
#include "cli/load/benchmarks.hpp"
#include "cli/load/send_load.hpp"

namespace {

using Json = nlohmann::json;
using noetl::load::batch_body;

constexpr int retries = 10;  // a disk that stands still for a second lets the server refuse what waits for it

// {items, seconds, per_second, request_p50_ms, request_p99_ms, refusals}; throws when a request is refused for good.
Json run_load(const noetl::load::Load& load) {
  const auto sent = noetl::load::send_load(load);
  if (sent.problem) throw std::runtime_error(sent.problem->message);
  return {{"items", sent.items},
          {"seconds", sent.seconds},
          {"per_second", static_cast<double>(sent.items) / sent.seconds},
          {"request_p50_ms", noetl::load::percentile(sent.request_ms, 0.5)},
          {"request_p99_ms", noetl::load::percentile(sent.request_ms, 0.99)},
          {"refusals", sent.refusals}};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"noetl-bench: load against a running noetl-server"};
  std::string host = "127.0.0.1";
  int port = 8082;
  int connections = 16;
  std::size_t count = 1000;
  std::size_t batch = 1;
  std::string tool = R"({"kind":"noop"})";
  std::string path;
  double per_second = 20;
  double requests_per_second = 0;
  app.add_option("--host", host);
  app.add_option("--port", port);
  app.require_subcommand(1);
  auto* enqueue = app.add_subcommand("enqueue", "plain commands, --batch in each request");
  auto* execute = app.add_subcommand("execute", "executions of --path, --batch in each request");
  auto* latency = app.add_subcommand("latency", "enqueue to first instruction");
  for (auto* command : {enqueue, execute}) {
    command->add_option("--connections", connections);
    command->add_option("--count", count, "commands or executions in all");
    command->add_option("--batch", batch)->check(CLI::PositiveNumber);
    command->add_option("--requests-per-second", requests_per_second, "evenly; 0: as many as are answered");
  }
  enqueue->add_option("--tool", tool, "JSON of the tool");
  execute->add_option("--path", path)->required();
  latency->add_option("--count", count);
  latency->add_option("--per-second", per_second);
  CLI11_PARSE(app, argc, argv);

  try {
    const noetl::load::Target target{.origin = "http://" + host + ":" + std::to_string(port), .retries = retries};
    if (latency->parsed()) {
      std::cout << noetl::bench::measure_start_latency(
                       {.target = target, .count = static_cast<int>(count), .per_second = per_second})
                << "\n";
      return 0;
    }
    const bool is_batch = batch > 1;
    const bool is_enqueue = enqueue->parsed();
    const Json item =
        is_enqueue ? Json{{"tool", Json::parse(tool)}} : Json{{"path", path}, {"payload", Json::object()}};
    const std::string route = is_enqueue ? "/api/v2/commands" : is_batch ? "/api/v2/execute/batch" : "/api/v2/execute";
    const auto body = [&](std::size_t items) {
      return is_batch ? batch_body(is_enqueue ? "commands" : "executions", item, items) : item.dump();
    };
    std::cout << run_load({.target = target,
                           .path = route,
                           .body = body,
                           .items = count,
                           .items_per_request = batch,
                           .connections = connections,
                           .requests_per_second = requests_per_second})
              << "\n";
  } catch (const std::exception& problem) {
    std::cerr << "noetl-bench: " << problem.what() << "\n";
    return 1;
  }
  return 0;
}
