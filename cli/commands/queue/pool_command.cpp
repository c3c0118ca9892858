#include <memory>

#include "cli/commands/commands.hpp"
#include "cli/payload.hpp"
#include "cli/session.hpp"
#include "shared/base/text/percent.hpp"

namespace noetl::cli {
namespace {

std::string pool_path(const std::string& name) { return "/api/v2/pools/" + base::percent_encoded(name); }

void add_pool_list(CLI::App& pool, CommandLine& line) {
  auto* list = pool.add_subcommand("list", "Pools that have settings, commands or workers");
  on_chosen(*list, line, [](Session& session) {
    return show_or_fail(session, session.server().get("/api/v2/pools"), [&](const Json& answer) {
      session.output.rows(answer, {{"POOL", "pool"},
                                   {"ATTEMPTS", "max_attempts"},
                                   {"RETRY", "retry"},
                                   {"PAUSED", "is_paused"},
                                   {"WORKERS", "workers"},
                                   {"QUEUED", "queued"},
                                   {"RUNNING", "running"},
                                   {"UPDATED", "updated_at"}});
    });
  });
}

void add_pool_get(CLI::App& pool, CommandLine& line) {
  auto* get = pool.add_subcommand("get", "What holds for the commands of a pool");
  auto name = std::make_shared<std::string>();
  get->add_option("pool", *name)->required();
  on_chosen(*get, line, [name](Session& session) {
    return show_or_fail(session, session.server().get(pool_path(*name)),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

void add_pool_set(CLI::App& pool, CommandLine& line) {
  struct PoolArguments {
    std::string name, retry;
    int max_attempts = 0;
    bool resets = false;
  };
  auto* set = pool.add_subcommand("set", "Attempts and retry of plain commands that say nothing of their own");
  auto arguments = std::make_shared<PoolArguments>();
  set->add_option("pool", arguments->name)->required();
  set->add_option("--max-attempts", arguments->max_attempts, "Attempts before a command is dead")
      ->check(CLI::Range(1, 100));
  set->add_option("--retry", arguments->retry,
                  "{backoff, initial_delay, multiplier, max_delay, jitter}: JSON object or @file")
      ->type_name("JSON");
  set->add_flag("--reset", arguments->resets, "Back to the defaults what is not given");
  on_chosen(*set, line, [arguments](Session& session) {
    Json body = Json::object();
    if (!arguments->resets) {
      // What is not given stays: the route takes the whole.
      const auto now = session.server().get(pool_path(arguments->name));
      if (!now) return session.output.error(now.error());
      for (const char* field : {"max_attempts", "retry"}) {
        if (now->contains(field) && !now->at(field).is_null()) body[field] = now->at(field);
      }
    }
    if (arguments->max_attempts > 0) body["max_attempts"] = arguments->max_attempts;
    if (!arguments->retry.empty()) {
      auto retry = read_payload(arguments->retry, "--retry");
      if (!retry) return session.output.error(retry.error());
      body["retry"] = std::move(*retry);
    }
    return show_or_fail(session, session.server().call({"PUT", pool_path(arguments->name), std::move(body)}),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

void add_pool_delete(CLI::App& pool, CommandLine& line) {
  auto* command =
      pool.add_subcommand("delete", "Delete a pool that nobody uses: its settings and its consumers in NATS");
  auto name = std::make_shared<std::string>();
  command->add_option("pool", *name)->required();
  on_chosen(*command, line, [name](Session& session) {
    return show_or_fail(session, session.server().call({"DELETE", pool_path(*name)}),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

// pause, resume
void add_pool_pause(CLI::App& pool, CommandLine& line, const char* name, const char* description) {
  auto* command = pool.add_subcommand(name, description);
  auto of = std::make_shared<std::string>();
  command->add_option("pool", *of)->required();
  on_chosen(*command, line, [of, action = std::string(name)](Session& session) {
    return show_or_fail(session, session.server().post(pool_path(*of) + "/" + action, Json::object()),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

}  // namespace

void add_pool_command(CLI::App& app, CommandLine& line) {
  auto* pool = app.add_subcommand("pool", "Pools: list, get, set, delete, pause, resume");
  pool->require_subcommand(1);
  add_pool_list(*pool, line);
  add_pool_get(*pool, line);
  add_pool_set(*pool, line);
  add_pool_delete(*pool, line);
  add_pool_pause(*pool, line, "pause", "Nothing more is claimed from the pool; enqueueing goes on");
  add_pool_pause(*pool, line, "resume", "Commands of the pool are claimed again");
}

}  // namespace noetl::cli
