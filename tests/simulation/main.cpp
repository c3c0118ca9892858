// noetl-simulate: runs of the whole protocol, one for each seed, each in a process of its own that begins from the same
// state, so that a seed is the same run alone and among a hundred thousand. docs/internals/simulation.md.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/world.hpp"

namespace noetl::simulation {
namespace {

constexpr const char* usage =
    "usage: noetl-simulate [--seeds N] [--from SEED] [--jobs N] [--plant NAME] [--expect-broken] "
    "[--keep-going]\n"
    "       noetl-simulate --seed SEED [--trace] [--plant NAME]\n";

struct Options {
  std::uint64_t from = 1;
  std::uint64_t seeds = 1000;
  unsigned jobs = 2;
  Plant plant = Plant::none;
  bool has_trace = false;
  bool is_single = false;
  bool expects_broken = false;  // exit 0 exactly when a seed is broken
  bool keeps_going = false;  // after the first broken seed
};

// What the processes of a batch have in common.
struct Shared {
  std::uint64_t next = 0;  // seed to take
  std::uint64_t done = 0;
  std::uint64_t broken = 0;
  std::uint64_t first_broken = 0;
  std::uint64_t steps = 0, commands = 0, executions = 0, events = 0, crashes = 0, dispatched = 0;
};

double wall_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);  // the standard clocks are the simulation's
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Caches and lazily made tables are filled by one run in which nothing goes wrong; all others are copies of what is then.
void warm_up() { (void)simulate({.seed = 0, .plant = Plant::none, .is_quiet = true, .trace = nullptr}); }

void add(std::uint64_t& to, std::uint64_t what) { __atomic_fetch_add(&to, what, __ATOMIC_RELAXED); }

// In a process of its own. Gives its exit code.
int run_seed(std::uint64_t seed, const Options& options, Shared& shared) {
  const auto outcome = simulate({.seed = seed, .plant = options.plant, .is_quiet = false, .trace = nullptr});
  add(shared.steps, outcome.steps);
  add(shared.commands, outcome.commands);
  add(shared.executions, outcome.executions);
  add(shared.events, outcome.events);
  add(shared.crashes, outcome.crashes);
  add(shared.dispatched, outcome.dispatched);
  add(shared.done, 1);
  if (outcome.violation.empty()) return 0;
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), outcome.violation.c_str());
  std::fflush(stdout);
  return 1;
}

void note_broken(std::uint64_t seed, Shared& shared) {
  add(shared.broken, 1);
  std::uint64_t none = 0;
  __atomic_compare_exchange_n(&shared.first_broken, &none, seed, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

// One of the processes that share the seeds; a child for each.
void work_off(const Options& options, Shared& shared) {
  for (;;) {
    if (shared.broken > 0 && !options.keeps_going) return;
    const std::uint64_t seed = __atomic_fetch_add(&shared.next, 1, __ATOMIC_RELAXED);
    if (seed >= options.from + options.seeds) return;
    const pid_t child = fork();
    if (child == 0) _exit(run_seed(seed, options, shared));
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
      std::printf("seed %llu: died of signal %d\n", static_cast<unsigned long long>(seed), WTERMSIG(status));
      std::fflush(stdout);
    }
    if (status != 0) note_broken(seed, shared);
  }
}

int trace_seed(std::uint64_t seed, const Options& options, std::FILE* out) {
  const auto outcome = simulate({.seed = seed, .plant = options.plant, .is_quiet = false, .trace = out});
  std::printf("seed %llu: %s (%llu steps, %.1f virtual seconds, %zu commands, %zu executions, %zu crashes)\n",
              static_cast<unsigned long long>(seed), outcome.violation.empty() ? "held" : outcome.violation.c_str(),
              static_cast<unsigned long long>(outcome.steps), std::chrono::duration<double>(outcome.ended_at).count(),
              outcome.commands, outcome.executions, outcome.crashes);
  return outcome.violation.empty() ? 0 : 1;
}

void print_summary(const Options& options, const Shared& shared, double seconds) {
  const auto shown = [](std::uint64_t number) { return static_cast<unsigned long long>(number); };
  std::printf(
      "%llu seeds from %llu in %.1f s (%.0f a second): %llu broken; %llu steps, %llu commands, %llu "
      "executions, "
      "%llu events, %llu crashes, %llu commands dispatched directly\n",
      shown(shared.done), shown(options.from), seconds, static_cast<double>(shared.done) / seconds,
      shown(shared.broken), shown(shared.steps), shown(shared.commands), shown(shared.executions), shown(shared.events),
      shown(shared.crashes), shown(shared.dispatched));
}

int run_batch(const Options& options) {
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& shared = *new (memory) Shared{};
  shared.next = options.from;
  const double begin = wall_seconds();
  std::vector<pid_t> workers;
  for (unsigned i = 0; i < options.jobs; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      work_off(options, shared);
      _exit(0);
    }
    workers.push_back(child);
  }
  for (const pid_t worker : workers) waitpid(worker, nullptr, 0);
  print_summary(options, shared, wall_seconds() - begin);
  if (options.expects_broken) {
    if (shared.broken == 0) std::printf("no seed found what was planted\n");
    return shared.broken > 0 ? 0 : 1;
  }
  if (shared.broken == 0) return 0;
  std::printf("the trace of seed %llu (again with --seed %llu --trace):\n",
              static_cast<unsigned long long>(shared.first_broken),
              static_cast<unsigned long long>(shared.first_broken));
  std::fflush(stdout);
  (void)trace_seed(shared.first_broken, options, stdout);
  return 1;
}

std::optional<std::uint64_t> number_from(const char* text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), number);
  return error == std::errc{} && *end == '\0' ? std::optional(number) : std::nullopt;
}

bool take_option(const std::string& name, const char* value, Options& options) {
  if (name == "--plant") {
    const auto plant = plant_from(value);
    if (!plant) return false;
    options.plant = *plant;
    return true;
  }
  const auto number = number_from(value);
  if (!number) return false;
  if (name == "--seeds")
    options.seeds = *number;
  else if (name == "--from")
    options.from = *number;
  else if (name == "--jobs" && *number > 0)
    options.jobs = static_cast<unsigned>(*number);
  else if (name == "--seed") {
    options.from = *number;
    options.is_single = true;
  } else {
    return false;
  }
  return true;
}

std::optional<Options> options_from(const std::vector<std::string>& words) {
  Options options;
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  if (processors > 0) options.jobs = static_cast<unsigned>(processors);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--trace")
      options.has_trace = true;
    else if (words[i] == "--expect-broken")
      options.expects_broken = true;
    else if (words[i] == "--keep-going")
      options.keeps_going = true;
    else if (i + 1 >= words.size() || !take_option(words[i], words[i + 1].c_str(), options))
      return std::nullopt;
    else
      ++i;
  }
  return options;
}

}  // namespace
}  // namespace noetl::simulation

int main(int count, char** words) {
  using namespace noetl::simulation;
  const auto options = options_from({words + 1, words + count});
  if (!options) {
    std::fputs(usage, stderr);
    std::fputs("plants:", stderr);
    for (const auto& name : plant_names()) std::fprintf(stderr, " %s", name.c_str());
    std::fputs("\n", stderr);
    return 2;
  }
  warm_up();
  if (options->is_single) return trace_seed(options->from, *options, options->has_trace ? stdout : nullptr);
  return run_batch(*options);
}
