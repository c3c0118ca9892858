#pragma once
// ObjectCall: what a gcs or s3 step asks for, read from its options and checked. A value; any thread.
#include <optional>
#include <string>

#include "worker/tools/credentials.hpp"
#include "worker/tools/http/http_request.hpp"

namespace noetl::tools::objects {

struct ObjectCall {
  enum class Action { put, get, remove };
  Action action = Action::put;
  std::string bucket;
  std::string key;
  std::string path;  // a file of the worker: sent by put, written by get; empty: none
  std::string content;  // of put
  std::string content_type;
  Credential credential;
  std::string region;
  HttpRequest request;  // method, url, headers and body; without who we are
};

// `kind`: gcs or s3, for what is left out.
[[nodiscard]] base::Result<ObjectCall> object_call_of(const ToolCall& call, std::string_view kind,
                                                      const reach::FilesRoot& files);

}  // namespace noetl::tools::objects
