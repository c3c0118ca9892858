#include "cli/commands/playbooks/playbook_files.hpp"

#include <algorithm>
#include <filesystem>

namespace noetl::cli {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::failure;

constexpr std::size_t files_max = 10'000;

}  // namespace

base::Result<std::vector<std::string>> playbook_files(const std::string& path) {
  std::error_code problem;
  if (path == "-" || !fs::is_directory(path, problem)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator at(path, problem), end; !problem && at != end; at.increment(problem)) {
    const auto extension = at->path().extension();
    if (at->is_regular_file() && (extension == ".yaml" || extension == ".yml")) files.push_back(at->path().string());
    if (files.size() > files_max) return failure(ErrorCode::invalid_input, path + " holds more than 10000 playbooks");
  }
  if (problem) return failure(ErrorCode::invalid_input, "cannot read the folder " + path + ": " + problem.message());
  if (files.empty()) return failure(ErrorCode::not_found, "no .yaml or .yml file in " + path);
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace noetl::cli
