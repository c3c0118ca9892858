// noetl-bench-paths: goes through what is done for every command, with fixed inputs, and prints a line of JSON for each.
// bench/paths/check.py runs it under callgrind and compares. A name, or a part of one, chooses.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/paths/pure_paths.hpp"
#include "bench/paths/store_paths.hpp"

namespace {

using namespace noetl::bench;
using Json = nlohmann::json;

// Pages of tables and indexes fill at their own pace: the mean of several rounds hides where one ends.
constexpr int store_rounds = 8;

#if defined(__clang__)
constexpr const char* compiler = "clang++";
constexpr int compiler_version = __clang_major__;
#else
constexpr const char* compiler = "g++";
constexpr int compiler_version = __GNUC__;
#endif
#if defined(__x86_64__)
constexpr const char* machine = "x86_64";
#elif defined(__aarch64__)
constexpr const char* machine = "aarch64";
#else
constexpr const char* machine = "another machine";
#endif
#if defined(__OPTIMIZE__)
constexpr bool is_optimized = true;
#else
constexpr bool is_optimized = false;
#endif

Json measured(const Path& path, const StorePaths* store) {
  const int rounds = path.asks_postgres ? store_rounds : 1;
  Json line{{"path", path.name}, {"unit", path.unit}, {"units", path.units}, {"rounds", rounds}};
  for (int round = -1; round < rounds; ++round) {  // round -1 fills caches
    if (path.prepare) path.prepare();
    const auto wal_before = path.asks_postgres ? store->wal_bytes() : 0;
    const auto statements_before = path.asks_postgres ? store->statements() : 0;
    if (round < 0) {
      path.run();
      continue;
    }
    noetl_measured(path.run);
    if (!path.asks_postgres) continue;
    line["statements"].push_back(store->statements() - statements_before);
    line["wal_bytes"].push_back(store->wal_bytes() - wal_before);
  }
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string wanted = argc > 1 ? argv[1] : "";
  const auto is_wanted = [&](const Path& path) { return path.name.find(wanted) != std::string::npos; };
  try {
    Json about{{"compiler", std::string(machine) + " " + compiler + " " + std::to_string(compiler_version)},
               {"is_optimized", is_optimized}};
    std::vector<Path> paths;
    for (const auto& all : {engine_paths(), template_paths(), codec_paths()}) {
      for (const auto& path : all) {
        if (is_wanted(path)) paths.push_back(path);
      }
    }
    std::optional<StorePaths> store;
    if (wanted.empty() || wanted.starts_with("server")) {
      store.emplace();
      about["postgres"] = "Postgres " + std::to_string(store->postgres_version());
      for (const auto& path : store->paths()) {
        if (is_wanted(path)) paths.push_back(path);
      }
    }
    std::cout << about << "\n";
    for (const auto& path : paths) std::cout << measured(path, store ? &*store : nullptr) << "\n";
  } catch (const std::exception& problem) {
    std::cerr << "noetl-bench-paths: " << problem.what() << "\n";
    return 1;
  }
  return 0;
}
