#include "cli/load/benchmarks.hpp"

#include <algorithm>
#include <thread>

#include "cli/interruptible_wait.hpp"
#include "cli/load/follow.hpp"
#include "cli/load/send_load.hpp"
#include "shared/base/text/percent.hpp"

namespace noetl::load {
namespace {

using base::ErrorCode;
using Json = nlohmann::json;

constexpr double steps_of_playbook = 3;

std::string playbook_path(const std::string& pool) { return "bench/three_steps/" + pool; }

std::string playbook_text(const std::string& pool) {
  std::string text =
      "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: three_steps, path: " + playbook_path(pool) +
      "}\nworkflow:\n";
  const std::vector<std::string> steps{"start", "middle", "last"};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    text += "  - step: " + steps[i] + "\n    tool: {kind: noop}\n    spec: {pool: " + pool + "}\n";
    if (i + 1 < steps.size()) text += "    next: [{step: " + steps[i + 1] + "}]\n";
  }
  return text;
}

Json no_op(const std::string& pool) { return {{"tool", {{"kind", "noop"}}}, {"pool", pool}}; }

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

double ms_between(Instant from, Instant to) { return std::chrono::duration<double, std::milli>(to - from).count(); }

base::Result<int> ready_workers(const Plan& plan) {
  Connection connection(plan.target, plan.stop);
  const auto answer = connection.get("/api/v2/workers?status=ready&pool=" + base::percent_encoded(plan.pool));
  if (!answer) return base::failure(answer.error());
  return static_cast<int>(answer->at("workers").size());
}

std::optional<base::Error> lack_of_workers(const Plan& plan) {
  const auto workers = ready_workers(plan);
  if (!workers) return workers.error();
  if (*workers > 0) return std::nullopt;
  return base::failure(ErrorCode::unavailable,
                       "no worker is ready in pool '" + plan.pool +
                           "', so nothing would end: start one with `noetlctl worker start --pool " + plan.pool +
                           "`, or name another pool with --pool")
      .value();
}

// What stood in the pool before, and is done before: the figures are of these as well.
void tell_waiting(const Plan& plan, Measured& measured) {
  Connection connection(plan.target, plan.stop);
  const auto answer = connection.get("/api/v2/queue");
  if (!answer) {
    measured.problem = answer.error();
    return;
  }
  double waiting = 0;
  for (const auto& row : answer->at("queue")) {
    if (row.at("pool") == plan.pool && row.at("status") == "queued") waiting += row.at("count").get<double>();
  }
  measured.figures.push_back({"waiting_before", "waited in the pool before", waiting, "commands"});
}

// Whether something can be measured that has to end.
bool is_ready(const Plan& plan, Measured& measured) {
  measured.problem = lack_of_workers(plan);
  if (!measured.problem) tell_waiting(plan, measured);
  return !measured.problem;
}

Sent send(const Plan& plan, const std::string& path, std::function<std::string(std::size_t)> body) {
  return send_load({.target = plan.target,
                    .path = path,
                    .body = std::move(body),
                    .items = plan.count,
                    .items_per_request = plan.batch,
                    .connections = plan.connections,
                    .stop = plan.stop});
}

Sent send_commands(const Plan& plan) {
  const auto command = no_op(plan.pool);
  return send(plan, "/api/v2/commands", [&](std::size_t items) {
    return plan.batch == 1 ? command.dump() : batch_body("commands", command, items);
  });
}

void tell_requests(const Sent& sent, const std::string& what, Measured& measured) {
  auto& figures = measured.figures;
  if (sent.seconds > 0)
    figures.push_back(
        {"accepted_per_second", "accepted", static_cast<double>(sent.items) / sent.seconds, what + "s/s"});
  figures.push_back({"request_p50_ms", "a request, p50", percentile(sent.request_ms, 0.5), "ms"});
  figures.push_back({"request_p99_ms", "a request, p99", percentile(sent.request_ms, 0.99), "ms"});
  if (sent.refusals > 0)
    figures.push_back({"refusals", "requests told to come again", static_cast<double>(sent.refusals), ""});
  measured.problem = sent.problem;
}

// Ids of what was accepted. An execution of a batch may be refused by itself.
std::vector<std::string> ids_in(const std::vector<std::string>& answers, std::optional<base::Error>& problem) {
  std::vector<std::string> ids;
  for (const auto& text : answers) {
    const auto answer = Json::parse(text);
    if (const auto many = answer.find("queue_ids"); many != answer.end()) {
      for (const auto& id : *many) ids.push_back(id);
    } else if (const auto results = answer.find("results"); results != answer.end()) {
      for (const auto& result : *results) {
        if (result.at("execution_id").is_string())
          ids.push_back(result.at("execution_id"));
        else if (!problem)
          problem =
              base::failure(ErrorCode::internal, "an execution was refused: " + result.at("error").dump()).value();
      }
    } else {
      ids.push_back(answer.contains("queue_id") ? answer.at("queue_id") : answer.at("execution_id"));
    }
  }
  return ids;
}

void tell_spread(const std::string& key, const std::string& title, const std::vector<double>& ms, Measured& measured) {
  for (const auto& [name, part] : {std::pair{"p50", 0.5}, {"p99", 0.99}, {"max", 1.0}})
    measured.figures.push_back({key + "_" + name + "_ms", title + ", " + name, percentile(ms, part), "ms"});
}

// Times of all that ended: from the first that was created to the last that ended, and of each.
void tell_ends(const Followed& followed, const Kind& kind, const std::string& what, double parts, Measured& measured) {
  if (followed.ended.empty()) return;
  Instant first = followed.ended.front().created, last = followed.ended.front().finished;
  std::vector<double> to_claim, to_end;
  std::size_t bad = 0;
  for (const auto& one : followed.ended) {
    first = std::min(first, one.created);
    last = std::max(last, one.finished);
    to_claim.push_back(ms_between(one.created, one.claimed));
    to_end.push_back(ms_between(one.created, one.finished));
    if (one.status != kind.good) ++bad;
  }
  const double seconds = std::max(ms_between(first, last) / 1000, 1e-6);
  const double ended = static_cast<double>(followed.ended.size());
  measured.figures.push_back(
      {"ended_per_second", "from the first created to the last ended", ended / seconds, what + "s/s"});
  if (parts > 1) measured.figures.push_back({"steps_per_second", "steps", parts * ended / seconds, "steps/s"});
  if (!kind.claimed.empty()) tell_spread("claimed", "from created to claimed", to_claim, measured);
  tell_spread("ended", "from created to ended", to_end, measured);
  if (bad > 0 && !measured.problem)
    measured.problem =
        base::failure(ErrorCode::internal, counted(bad, what) + " of " + std::to_string(followed.ended.size()) +
                                               " did not end as '" + kind.good + "'")
            .value();
}

std::string remains(const Followed& followed, const std::string& what) {
  std::string text = counted(followed.ended.size(), what) + " that ended, until retention removes them";
  if (!followed.unfinished.empty())
    text += "; " + counted(followed.unfinished.size(), what) + " whose end was not seen";
  if (followed.vanished > 0) text += "; " + counted(followed.vanished, what) + " that are gone already";
  return text;
}

Followed follow_to_the_end(const Plan& plan, const Kind& kind, const std::string& filter,
                           std::vector<std::string> ids) {
  return follow({.target = plan.target,
                 .kind = kind,
                 .filter = filter,
                 .ids = std::move(ids),
                 .patience = plan.patience,
                 .stop = plan.stop});
}

// The second half of drain and latency: what became of these commands.
void follow_commands(const Plan& plan, std::vector<std::string> ids, Measured& measured) {
  const auto followed = follow_to_the_end(plan, commands(), "pool=" + base::percent_encoded(plan.pool), std::move(ids));
  if (!measured.problem) measured.problem = followed.problem;
  tell_ends(followed, commands(), "command", 1, measured);
  measured.left_behind = remains(followed, "command") + ", in pool '" + plan.pool + "'";
}

}  // namespace

std::string batch_body(const std::string& name, const Json& item, std::size_t items) {
  return Json{{name, Json(items, item)}}.dump();
}

Measured measure_enqueue(const Plan& plan) {
  Measured measured;
  const auto workers = ready_workers(plan);
  if (!workers) {
    measured.problem = workers.error();
    return measured;
  }
  const auto sent = send_commands(plan);
  tell_requests(sent, "command", measured);
  measured.left_behind = counted(sent.items, "command") + " in pool '" + plan.pool + "', which " +
                         (*workers > 0 ? counted(static_cast<std::size_t>(*workers), "worker") + " of it will run"
                                       : "wait for a worker: `noetlctl worker start --pool " + plan.pool + "`");
  return measured;
}

Measured measure_drain(const Plan& plan) {
  Measured measured;
  if (!is_ready(plan, measured)) return measured;
  const auto sent = send_commands(plan);
  tell_requests(sent, "command", measured);
  follow_commands(plan, ids_in(sent.answers, measured.problem), measured);
  return measured;
}

Measured measure_execute(const Plan& plan) {
  Measured measured;
  if (!is_ready(plan, measured)) return measured;
  const auto path = playbook_path(plan.pool);
  Connection connection(plan.target, plan.stop);
  const auto registered = connection.post("/api/catalog/register", Json{{"content", playbook_text(plan.pool)}}.dump());
  if (!registered) {
    measured.problem = registered.error();
    return measured;
  }
  const Json execution{{"path", path}};
  const auto sent = send(plan, plan.batch == 1 ? "/api/v2/execute" : "/api/v2/execute/batch", [&](std::size_t items) {
    return plan.batch == 1 ? execution.dump() : batch_body("executions", execution, items);
  });
  tell_requests(sent, "execution", measured);
  const auto followed = follow_to_the_end(plan, executions(), "path=" + base::percent_encoded(path),
                                          ids_in(sent.answers, measured.problem));
  if (!measured.problem) measured.problem = followed.problem;
  tell_ends(followed, executions(), "execution", steps_of_playbook, measured);
  measured.left_behind = "playbook '" + path + "', and " + remains(followed, "execution");
  return measured;
}

Measured measure_latency(const Plan& plan) {
  Measured measured;
  if (!is_ready(plan, measured)) return measured;
  Connection connection(plan.target, plan.stop);
  Sent sent;
  const auto body = no_op(plan.pool).dump();
  const auto gap = std::chrono::duration<double>(1 / plan.per_second);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < plan.count; ++i) {
    // An open loop: the pace does not follow the answers.
    const auto due = start + std::chrono::duration_cast<std::chrono::milliseconds>(gap * static_cast<double>(i));
    const auto early = std::chrono::duration_cast<std::chrono::milliseconds>(due - std::chrono::steady_clock::now());
    if (early.count() > 0 && !cli::wait_unless_stopped(plan.stop, early)) break;
    const auto asked = std::chrono::steady_clock::now();
    auto answer = connection.post("/api/v2/commands", body);
    if (!answer) {
      sent.problem = answer.error();
      break;
    }
    sent.request_ms.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - asked).count());
    sent.answers.push_back(std::move(*answer));
  }
  sent.items = sent.answers.size();
  sent.refusals = connection.refusals();
  tell_requests(sent, "command", measured);
  follow_commands(plan, ids_in(sent.answers, measured.problem), measured);
  std::erase_if(measured.figures, [](const Figure& figure) { return figure.key == "ended_per_second"; });
  return measured;
}

}  // namespace noetl::load
