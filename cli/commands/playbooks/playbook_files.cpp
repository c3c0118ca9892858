#include "cli/commands/playbooks/playbook_files.hpp"

#include <algorithm>
#include <filesystem>

#include "cli/payload.hpp"

namespace noetl::cli {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::failure;

constexpr std::size_t files_max = 10'000;

base::Result<std::vector<std::string>> files_below(const std::string& path) {
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

}  // namespace

int for_each_playbook(const Session& session, const std::vector<std::string>& paths, const PlaybookAct& act) {
  int worst = 0;
  const auto say = [&](const base::Error& error) { worst = std::max(worst, session.output.error(error)); };
  for (const auto& path : paths) {
    const auto files = files_below(path);
    if (!files) {
      say(files.error());
      continue;
    }
    for (const auto& file : *files) {
      const auto text = read_text_file(file);
      auto done = text ? act(file, *text) : base::Result<int>(failure(text.error()));
      if (done) {
        worst = std::max(worst, *done);
        continue;
      }
      // The reader's own error names the file already.
      if (text) done.error().message = file + ": " + done.error().message;
      say(done.error());
    }
  }
  return worst;
}

}  // namespace noetl::cli
