#include "worker/loop/ahead/ahead_runner.hpp"

#include "shared/language/loading/playbook_loader.hpp"
#include "shared/telemetry/log.hpp"
#include "worker/loop/ahead/ahead_run.hpp"

namespace noetl::loop {
namespace {
constexpr std::size_t playbooks_max = 16;
constexpr std::string_view mark = R"({"ahead":true)";
}  // namespace

bool AheadRunner::is_for(const domain::ClaimedCommand& command) {
  return command.execution_id.is_set() && command.context.starts_with(mark);
}

void AheadRunner::run(const domain::ClaimedCommand& command, tools::Tool& tool, const std::stop_source& stop) {
  const nats::ThreadScope scope;  // it answers notifications
  const auto begun_at = std::chrono::steady_clock::now();
  auto report = run_command(command, &tool, stop.get_token(), settings_);
  parts_.prefetch.note(report.duration);
  const bool has_ended = report.outcome == domain::Outcome::completed || report.outcome == domain::Outcome::failed;
  if (has_ended && !stop.stop_requested() && may_go_on()) {
    parts_.leases.keep_slot(command.lease);
    {
      // Whoever was given a command once before, and did not end it, is told of each end.
      AheadRun ahead(*this, stop, command.attempt > 1);
      if (ahead.begin(command, report, begun_at)) {
        ahead.run();
        parts_.leases.give_slot();
        return;
      }
    }
    parts_.leases.give_slot();
  }
  std::vector<wire::AttemptReport> finished;
  finished.push_back(std::move(report));
  parts_.reporter.deliver(std::move(finished));
}

base::CatalogId AheadRunner::newest_playbook() const {
  return known_.with(
      [](const Known& known) { return known.oldest_first.empty() ? base::CatalogId{} : known.oldest_first.back(); });
}

AheadLine::PlaybookPointer AheadRunner::playbook_of(const wire::AheadBasis& basis) {
  auto found = known_.with([&](const Known& known) {
    const auto one = known.playbooks.find(basis.catalog_id);
    return one == known.playbooks.end() ? nullptr : one->second;
  });
  if (found || basis.content.empty()) return found;
  auto loaded = language::load_playbook(basis.content, language::Origin::catalog);
  if (!loaded) {
    telemetry::log_warn("worker", "a playbook of the server cannot be read here: " + loaded.error().message,
                        {{"catalog_id", basis.catalog_id.str()}});
    return nullptr;
  }
  auto playbook = std::make_shared<domain::Playbook>(std::move(loaded->playbook));
  playbook->catalog_id = basis.catalog_id;
  playbook->catalog_version = basis.version;
  known_.with([&](Known& known) {
    if (!known.playbooks.emplace(basis.catalog_id, playbook).second) return;
    known.oldest_first.push_back(basis.catalog_id);
    if (known.oldest_first.size() <= playbooks_max) return;
    known.playbooks.erase(known.oldest_first.front());
    known.oldest_first.pop_front();
  });
  return playbook;
}

}  // namespace noetl::loop
