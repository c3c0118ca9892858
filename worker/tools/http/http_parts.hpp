#pragma once
// The parts of an HTTP request that have rules of their own: who we are for the peer, and files. For
// http_request.cpp; free functions, any thread.
#include <string>

#include "shared/base/result.hpp"
#include "worker/tools/http/http_request.hpp"

namespace noetl::tools {

// Puts a header into the request; invalid_input for names and values that no header may have.
[[nodiscard]] base::Result<void> add_header(HttpRequest& request, const std::string& name, const std::string& value);

// Options `auth` and `credential`: basic, bearer, api_key in a header or in the query; else what the url says.
[[nodiscard]] base::Result<void> read_auth(HttpRequest& request, const ToolCall& call);

// Options `files` and `form` as multipart/form-data.
[[nodiscard]] base::Result<void> set_multipart(HttpRequest& request, const Json& files, const Json* form,
                                               const reach::FilesRoot& root);

}  // namespace noetl::tools
