#include "server/dead_letters/redrive_dead.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "server/decisions/perform.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/queue/dead_letter_table.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/wire/names.hpp"

namespace noetl::dead_letters {

namespace {
using Json = nlohmann::json;

constexpr std::size_t redrive_batch_max = 500;  // commands of one transaction

struct Edited {
  std::string context, tool_kind;  // empty: as before
};

tl::unexpected<base::Error> bad_edit(base::CommandId id, const std::string& problem) {
  return base::failure(base::ErrorCode::invalid_input, "edit of command " + id.str() + ": " + problem, "/edit");
}

base::Result<Edited> edited(const store::LockedDead& dead, const wire::RedriveRequest& request) {
  Edited made;
  if (request.input_patch.empty() && request.tool_patch.empty()) return made;
  Json context = Json::parse(dead.context);
  const auto patch = [&](const char* name, const std::string& text) {
    if (!text.empty()) context[name].merge_patch(Json::parse(text));
    return context[name].is_object();
  };
  if (!patch("input", request.input_patch)) return bad_edit(dead.queue_id, "'input' must stay an object");
  if (!patch("tool", request.tool_patch)) return bad_edit(dead.queue_id, "'tool' must stay an object");
  const auto kind = context["tool"].find("kind");
  if (kind == context["tool"].end() || !kind->is_string() || !wire::is_tool_kind(kind->get_ref<const std::string&>())) {
    return bad_edit(dead.queue_id, "'tool.kind' must stay a tool's name");
  }
  made.tool_kind = kind->get<std::string>();
  made.context = domain::json_text(context);
  return made;
}

// Why this one cannot be redriven, or nothing.
std::optional<wire::RedriveRefusal> refusal_of(base::CommandId id, const store::LockedDead* dead) {
  const auto refused = [&](base::ErrorCode code, std::string message) {
    return wire::RedriveRefusal{id, std::string(base::to_string(code)), std::move(message)};
  };
  if (dead == nullptr || !dead->has_command) {
    return refused(base::ErrorCode::not_found, "no dead letter has queue_id " + id.str());
  }
  if (dead->execution_id.is_set()) {
    const auto execution = dead->execution_id.str();
    return refused(base::ErrorCode::unsupported,
                   "command " + id.str() + " is of step '" + dead->step + "' of execution " + execution +
                       ", which has been told that it failed: run that again with `noetlctl execution rerun " +
                       execution + " --from " + dead->step + "`");
  }
  if (dead->redriven_as.is_set()) {
    return refused(base::ErrorCode::conflict,
                   "command " + id.str() + " was redriven before, as " + dead->redriven_as.str());
  }
  return std::nullopt;
}

class Redriving {
 public:
  Redriving(dispatch::ServerContext& context, const wire::RedriveRequest& request)
      : context_(context), request_(request) {
    answer_.is_dry_run = request.is_dry_run;
  }

  base::Result<wire::RedriveAnswer> run() {
    if (!request_.filter) return named();
    wire::DeadFilter rest = *request_.filter;
    auto left = static_cast<std::size_t>(request_.limit);
    while (left > 0) {
      const auto ids = next_ids(rest, std::min(left, redrive_batch_max));
      if (ids.empty()) break;
      if (auto error = some(ids, false)) return base::failure(std::move(*error));
      rest.after = ids.back();
      left -= ids.size();
    }
    context_.connections.run_one([&](postgres::Session& session) {
      answer_.steps_left = store::DeadLetterTable(session).count_steps(*request_.filter);
    });
    return std::move(answer_);
  }

 private:
  base::Result<wire::RedriveAnswer> named() {
    auto ids = request_.queue_ids;
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (std::size_t from = 0; from < ids.size(); from += redrive_batch_max) {
      const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(from);
      const auto count = static_cast<std::ptrdiff_t>(std::min(redrive_batch_max, ids.size() - from));
      if (auto error = some({begin, begin + count}, true)) return base::failure(std::move(*error));
    }
    return std::move(answer_);
  }

  std::vector<base::CommandId> next_ids(const wire::DeadFilter& filter, std::size_t count) {
    std::vector<base::CommandId> ids;
    context_.connections.run_one([&](postgres::Session& session) {
      ids = store::DeadLetterTable(session).ids(filter, static_cast<int>(count), store::DeadFor::redrive);
    });
    return ids;
  }

  // One transaction; `tells_refusals`: the ids were named by whoever asks.
  std::optional<base::Error> some(const std::vector<base::CommandId>& ids, bool tells_refusals) {
    const bool edits = !request_.input_patch.empty() || !request_.tool_patch.empty();
    std::optional<base::Error> error;
    const auto before = answer_;
    decisions::commit(context_, [&](postgres::Session& session) -> dispatch::Effects {
      answer_ = before;  // a repeated transaction begins anew
      dispatch::Effects effects;
      error.reset();
      store::DeadLetterTable table(session);
      std::map<base::CommandId, store::LockedDead> locked;
      for (auto& dead : table.lock(ids, edits || request_.is_dry_run)) locked.emplace(dead.queue_id, std::move(dead));
      std::vector<store::NewRedriven> made;
      for (const auto id : ids) {
        const auto found = locked.find(id);
        const auto* dead = found == locked.end() ? nullptr : &found->second;
        if (auto refused = refusal_of(id, dead)) {
          if (tells_refusals) answer_.refused.push_back(std::move(*refused));
        } else if (error = add(*dead, made, effects.notifications); error) {
          return {};
        }
      }
      if (!made.empty()) table.redrive(made);
      return effects;
    });
    if (error) answer_ = before;
    return error;
  }

  std::optional<base::Error> add(const store::LockedDead& dead, std::vector<store::NewRedriven>& made,
                                 std::vector<notify::Notification>& notifications) {
    auto changed = edited(dead, request_);
    if (!changed) return changed.error();
    const std::int64_t delay_ms = request_.rate_per_second
                                      ? static_cast<std::int64_t>(static_cast<double>(answer_.redriven.size()) *
                                                                  1000.0 / *request_.rate_per_second)
                                      : 0;
    if (request_.is_dry_run) {
      if (answer_.sample.empty()) answer_.sample = changed->context.empty() ? dead.context : changed->context;
      answer_.redriven.push_back({dead.queue_id, {}, delay_ms});
      return std::nullopt;
    }
    const base::CommandId new_id{context_.ids.next()};
    answer_.redriven.push_back({dead.queue_id, new_id, delay_ms});
    // Upkeep notifies of commands that are not due yet when their time has come.
    if (delay_ms == 0) {
      notifications.push_back({.queue_id = new_id,
                               .execution_id = {},
                               .step = changed->tool_kind.empty() ? dead.tool_kind : changed->tool_kind,
                               .pool = dead.pool,
                               .priority = dead.priority,
                               .epoch = 0,
                               .redelivery = 0});
    }
    made.push_back({.old_id = dead.queue_id,
                    .new_id = new_id,
                    .delay_ms = delay_ms,
                    .context = std::move(changed->context),
                    .tool_kind = std::move(changed->tool_kind),
                    .max_attempts = request_.max_attempts});
    return std::nullopt;
  }

  dispatch::ServerContext& context_;
  const wire::RedriveRequest& request_;
  wire::RedriveAnswer answer_;
};
}  // namespace

base::Result<wire::RedriveAnswer> redrive_dead(dispatch::ServerContext& context, const wire::RedriveRequest& request) {
  return Redriving(context, request).run();
}

}  // namespace noetl::dead_letters
