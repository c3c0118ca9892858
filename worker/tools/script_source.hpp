#pragma once
// ScriptSource: the text behind the option `script` {uri, source: {type: file | http | inline}}. Files are
// read below one folder only. Any thread; read() blocks on the disk or on a peer, within the call's deadline.
#include <filesystem>
#include <string>

#include "shared/base/result.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

class ScriptSource {
 public:
  // `root`: where relative paths begin and what no path may leave; empty: the working directory.
  // `http`: fetches scripts of type http; null: they are refused.
  ScriptSource(std::filesystem::path root, Tool* http) : root_(std::move(root)), http_(http) {}

  [[nodiscard]] base::Result<std::string> read(const ToolCall& call) const;

 private:
  [[nodiscard]] base::Result<std::string> read_file(const std::string& path) const;
  [[nodiscard]] base::Result<std::string> fetch(const ToolCall& call, const Json& source, const std::string& uri) const;

  std::filesystem::path root_;
  Tool* http_;
};

}  // namespace noetl::tools
