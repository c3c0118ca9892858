#include <cmath>
#include <cstdio>
#include <memory>
#include <ostream>

#include "cli/command_line.hpp"
#include "cli/commands/commands.hpp"
#include "cli/load/benchmarks.hpp"
#include "cli/session.hpp"
#include "shared/durations/duration.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/messages/command.hpp"
#include "shared/wire/messages/execution.hpp"
#include "shared/wire/names.hpp"

namespace noetl::cli {
namespace {

constexpr std::size_t count_max = 1'000'000;
constexpr std::size_t latency_count_max = 10'000;
constexpr int connections_max = 256;
constexpr double per_second_min = 0.1;
constexpr double per_second_max = 1000;

struct BenchArguments {
  load::Plan plan;
  std::string timeout = "2m";
};

struct Kind {
  const char* name;
  const char* description;
  load::Measured (*measure)(const load::Plan&);
  std::size_t count;  // the default
  std::size_t count_limit;
  std::size_t batch;  // the default; 0: none can be chosen
  std::size_t batch_limit;
  int connections;  // the default
};

constexpr Kind kinds[] = {{"enqueue", "How fast commands are accepted: one a request, or --batch",
                           load::measure_enqueue, 10'000, count_max, 1, wire::enqueue_commands_max, 16},
                          {"drain", "How fast no-ops are enqueued, claimed and done by the workers that are there",
                           load::measure_drain, 10'000, count_max, 1000, wire::enqueue_commands_max, 4},
                          {"execute", "How fast a three-step playbook is executed, which it registers below bench/",
                           load::measure_execute, 1000, count_max, 1, wire::execute_batch_max, 16},
                          {"latency", "How long a lone no-op waits and takes, by the server's clock",
                           load::measure_latency, 200, latency_count_max, 0, 0, 1}};

base::Result<load::Plan> plan_from(const Session& session, const BenchArguments& arguments) {
  const auto& settings = session.settings;
  load::Plan plan = arguments.plan;
  if (!wire::is_pool_name(plan.pool))
    return base::failure(base::ErrorCode::invalid_input,
                         "--pool: expected letters, digits, '_' and '-', found '" + plan.pool + "'");
  const auto patience = durations::parse_duration(arguments.timeout);
  if (!patience || patience->count() <= 0)
    return base::failure(base::ErrorCode::invalid_input,
                         "--timeout: expected a duration such as 2m, found '" + arguments.timeout + "'");
  if (plan.batch > plan.count)
    return base::failure(
        base::ErrorCode::invalid_input,
        "--batch: " + std::to_string(plan.batch) + " is more than --count, which is " + std::to_string(plan.count));
  if (session.server_choice.problem) return base::failure(*session.server_choice.problem);
  const auto address = parse_server_url(settings.server_url);
  if (!address) return base::failure(address.error());
  plan.patience = *patience;
  plan.stop = session.stop;
  plan.target = {.origin = address->origin,
                 .prefix = address->prefix,
                 .token = settings.token,
                 .ca_file = settings.server_ca_file,
                 .timeout = settings.timeout,
                 .retries = settings.retries};
  return plan;
}

std::string shown(double value) {
  char text[64];
  const bool is_whole = value >= 1000 || value == std::floor(value);
  std::snprintf(text, sizeof text, is_whole ? "%.0f" : "%.2f", value);
  return text;
}

// A table of figures with what is left behind below it, or all of it as JSON.
void show(const Session& session, const Kind& kind, const load::Plan& plan, const load::Measured& measured) {
  if (session.output.is_json()) {
    Json figures = Json::object();
    for (const auto& figure : measured.figures) figures[figure.key] = figure.value;
    session.output.line({{"benchmark", kind.name},
                         {"server_url", session.settings.server_url},
                         {"pool", plan.pool},
                         {"count", plan.count},
                         {"figures", figures},
                         {"left_behind", measured.left_behind},
                         {"error", measured.problem ? Json(measured.problem->message) : Json()}},
                        "");
    return;
  }
  Json rows = Json::array();
  for (const auto& figure : measured.figures)
    rows.push_back({{"figure", figure.title}, {"value", shown(figure.value)}, {"unit", figure.unit}});
  if (!rows.empty()) session.output.rows(rows, {{"FIGURE", "figure"}, {"VALUE", "value"}, {"UNIT", "unit"}});
  if (!measured.left_behind.empty()) session.output.out() << "left behind: " << measured.left_behind << '\n';
}

int run_benchmark(Session& session, const Kind& kind, const BenchArguments& arguments) {
  const auto plan = plan_from(session, arguments);
  if (!plan) return session.output.error(plan.error());
  const auto measured = kind.measure(*plan);
  if (!measured.figures.empty() || !measured.problem) show(session, kind, *plan, measured);
  if (!measured.problem) return 0;
  const int code = session.output.error(*measured.problem);
  return session.stop.stop_requested() ? exit_interrupted : code;
}

void add_kind(CLI::App& bench, CommandLine& line, const Kind& kind) {
  auto* command = bench.add_subcommand(kind.name, kind.description);
  auto arguments = std::make_shared<BenchArguments>();
  auto& plan = arguments->plan;
  plan.pool = std::string(domain::default_pool);
  plan.count = kind.count;
  plan.connections = kind.connections;
  command->add_option("--count", plan.count, "Commands or executions in all")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, kind.count_limit));
  command->add_option("--pool", plan.pool, "Pool that runs them; one of its own disturbs no other work")
      ->type_name("POOL")
      ->capture_default_str();
  if (kind.batch > 0) {
    plan.batch = kind.batch;
    command->add_option("--batch", plan.batch, "Of them in one request")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{1}, kind.batch_limit));
    command->add_option("--connections", plan.connections, "Kept connections that send at the same time")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(1, connections_max));
  } else {
    plan.per_second = 20;
    command->add_option("--per-second", plan.per_second, "Commands a second, whatever the answers take")
        ->type_name("R")
        ->capture_default_str()
        ->check(CLI::Range(per_second_min, per_second_max));
  }
  if (kind.measure != load::measure_enqueue) {
    command->add_option("--timeout", arguments->timeout, "How long to wait for their end")
        ->type_name("TIME")
        ->capture_default_str();
  }
  command->add_flag_callback(
      "--json", [&line] { line.flags["output"] = "json"; }, "The same as -o json");
  on_chosen(*command, line, [arguments, &kind](Session& session) { return run_benchmark(session, kind, *arguments); });
}

}  // namespace

void add_bench_command(CLI::App& app, CommandLine& line) {
  auto* bench = app.add_subcommand("bench", "Load against a running server: enqueue, drain, execute, latency");
  bench->require_subcommand(1);
  for (const auto& kind : kinds) add_kind(*bench, line, kind);
}

}  // namespace noetl::cli
