// noetl-bench: the load generator of bench/run.py. Each call measures one thing against a server that runs
// already and prints one line of JSON.
#include <CLI/CLI.hpp>
#include <iostream>

#include "bench/load.hpp"
#include "bench/start_latency.hpp"

namespace {

using nlohmann::json;
using noetl::bench::Load;

// One command, or `batch` of them in one request.
std::string commands_body(std::size_t batch, const std::string& tool) {
  const json command{{"tool", json::parse(tool)}};
  if (batch == 1) return command.dump();
  return json{{"commands", json(batch, command)}}.dump();
}

std::string executions_body(std::size_t batch, const std::string& path) {
  const json execution{{"path", path}, {"payload", json::object()}};
  if (batch == 1) return execution.dump();
  return json{{"executions", json(batch, execution)}}.dump();
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
  }
  enqueue->add_option("--tool", tool, "JSON of the tool");
  execute->add_option("--path", path)->required();
  latency->add_option("--count", count);
  latency->add_option("--per-second", per_second);
  CLI11_PARSE(app, argc, argv);

  try {
    if (latency->parsed()) {
      std::cout << noetl::bench::measure_start_latency({.host = host,
                                                        .port = port,
                                                        .count = static_cast<int>(count),
                                                        .per_second = per_second})
                << "\n";
      return 0;
    }
    const bool is_batch = batch > 1;
    const std::string route = enqueue->parsed() ? "/api/v2/commands"
                              : is_batch        ? "/api/v2/execute/batch"
                                                : "/api/v2/execute";
    std::cout << noetl::bench::run_load(
                     {.host = host,
                      .port = port,
                      .path = route,
                      .body = enqueue->parsed() ? commands_body(batch, tool) : executions_body(batch, path),
                      .connections = connections,
                      .requests = count / batch,
                      .items_per_request = batch})
              << "\n";
  } catch (const std::exception& problem) {
    std::cerr << "noetl-bench: " << problem.what() << "\n";
    return 1;
  }
  return 0;
}
