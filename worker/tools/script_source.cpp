#include "worker/tools/script_source.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

#include "shared/domain/storable_json.hpp"
#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"

namespace noetl::tools {

namespace {

using base::ErrorCode;
using base::failure;
namespace fs = std::filesystem;

constexpr std::uintmax_t script_bytes_max = 4UL * 1024 * 1024;

// Code and SQL are UTF-8: other bytes would be replaced on their way, and mean something else then.
base::Result<std::string> checked_text(std::string text, const std::string& name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // the mark that editors on Windows write
  const std::string storable = domain::storable_text(text);
  if (storable == text) return text;
  const auto at = std::mismatch(text.begin(), text.end(), storable.begin(), storable.end()).first - text.begin();
  return failure(ErrorCode::invalid_input, "script '" + name + "' is not UTF-8 without NUL: byte " + std::to_string(at),
                 "script");
}

bool is_below(const fs::path& path, const fs::path& root) {
  const auto [at, other] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return at == root.end() || (at->empty() && std::next(at) == root.end());
}

}  // namespace

base::Result<std::string> ScriptSource::read(const ToolCall& call) const {
  const Json* script = find_option(call, {"script"});
  if (script != nullptr && script->is_string()) return script->get<std::string>();
  if (script == nullptr || !script->is_object()) {
    return failure(ErrorCode::invalid_input, "option 'script' must be a map {uri, source: {type}}", "script");
  }
  const Json source =
      script->contains("source") && script->at("source").is_object() ? script->at("source") : Json::object();
  const std::string uri = auth_field(*script, {"uri", "path"});
  std::string type = auth_field(source, {"type"});
  if (type.empty()) type = uri.starts_with("http://") || uri.starts_with("https://") ? "http" : "file";
  if (type == "file") return read_file(uri);
  if (type == "http" || type == "https") return fetch(call, source, uri);
  if (type == "inline") {
    for (const Json* place : std::initializer_list<const Json*>{&source, script}) {
      for (const char* name : {"code", "content", "text", "inline"}) {
        if (place->contains(name) && place->at(name).is_string()) return place->at(name).get<std::string>();
      }
    }
    return failure(ErrorCode::invalid_input, "option 'script' of type inline needs its text in 'content'", "script");
  }
  return failure(
      ErrorCode::unsupported,
      "option 'script' has a source of type '" + type + "'; this worker reads scripts of type file, http and inline",
      "script");
}

base::Result<std::string> ScriptSource::read_file(const std::string& path) const {
  if (path.empty())
    return failure(ErrorCode::invalid_input, "option 'script' needs 'uri', the path of the file", "script");
  std::error_code error;
  const fs::path root = fs::canonical(root_.empty() ? fs::current_path(error) : root_, error);
  if (error)
    return failure(ErrorCode::not_found,
                   "the folder of scripts '" + root_.string() + "' cannot be read: " + error.message());
  const std::string plain = path.starts_with("file://") ? path.substr(7) : path;
  const fs::path file = fs::canonical(root / plain, error);  // an absolute path stays what it is
  if (error) {
    return failure(ErrorCode::not_found, "script '" + path + "' cannot be read below '" + root.string() + "': " +
                                             error.message() + "; the setting scripts-root says where scripts are");
  }
  // Symbolic links are resolved by now: what is outside is outside.
  if (!is_below(file, root)) {
    return failure(ErrorCode::forbidden,
                   "script '" + path + "' is outside of '" + root.string() + "', the folder of scripts");
  }
  if (!fs::is_regular_file(file, error) || fs::file_size(file, error) > script_bytes_max) {
    return failure(ErrorCode::invalid_input,
                   "script '" + path + "' is no file of at most " + std::to_string(script_bytes_max) + " bytes");
  }
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream.good() && !stream.eof()) return failure(ErrorCode::not_found, "script '" + path + "' cannot be read");
  return checked_text(text.str(), path);
}

base::Result<std::string> ScriptSource::fetch(const ToolCall& call, const Json& source, const std::string& uri) const {
  if (http_ == nullptr) return failure(ErrorCode::unsupported, "scripts of type http cannot be fetched here", "script");
  ToolCall request = call;
  request.tool = source;
  request.tool.erase("type");
  request.tool["kind"] = "http";
  if (!source.contains("endpoint") && !source.contains("url")) request.tool["url"] = uri;
  request.input = Json::object();
  const ToolResult answer = http_->run(request);
  if (answer.error) {
    const bool may_pass = answer.error->is_retryable;
    const auto code = answer.error->kind == "not_found"              ? ErrorCode::not_found
                      : answer.error->kind == "auth"                 ? ErrorCode::forbidden
                      : answer.outcome == domain::Outcome::cancelled ? ErrorCode::cancelled
                      : may_pass                                     ? ErrorCode::unavailable
                                                                     : ErrorCode::invalid_input;
    return failure(code, "the script could not be fetched: " + answer.error->message);
  }
  const Json parsed = Json::parse(answer.result, nullptr, false);
  const auto body = parsed.is_object() ? parsed.find("data") : parsed.end();
  if (!parsed.is_object() || body == parsed.end())
    return failure(ErrorCode::internal, "the script's answer cannot be read");
  if (body->is_null() && parsed.contains("data_b64"))
    return failure(ErrorCode::invalid_input, "what was fetched for 'script' is no text in its charset", "script");
  return body->is_string() ? body->get<std::string>() : to_text(*body);
}

}  // namespace noetl::tools
