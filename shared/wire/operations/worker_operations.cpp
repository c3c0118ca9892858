#include "shared/wire/operations/worker_operations.hpp"

#include <algorithm>
#include <array>

#include "shared/wire/names.hpp"

namespace noetl::wire {
namespace {

constexpr std::string_view placeholder = "{worker_id}";

constexpr std::array operations{
    WorkerOperation{.name = "register", .method = "POST", .path = "/api/v2/workers", .names_worker = false},
    WorkerOperation{.name = "heartbeat", .method = "POST", .path = "/api/v2/workers/{worker_id}/heartbeat"},
    WorkerOperation{.name = "deregister", .method = "DELETE", .path = "/api/v2/workers/{worker_id}"},
    WorkerOperation{.name = "claim", .method = "POST", .path = "/api/v2/commands/claim"},
    WorkerOperation{.name = "report", .method = "POST", .path = "/api/v2/events"},
    WorkerOperation{.name = "ahead", .method = "POST", .path = "/api/v2/commands/ahead"},
    WorkerOperation{.name = "keep", .method = "POST", .path = "/api/v2/results"},
    WorkerOperation{.name = "cancel", .method = "POST", .path = "/api/v2/workers/{worker_id}/cancel"},
    WorkerOperation{.name = "inject", .method = "POST", .path = "/api/v2/workers/{worker_id}/inject"},
    // Secrets and stored results.
    WorkerOperation{.name = "read", .method = "GET", .path = {}},
};

bool is_path_of(std::string_view path, std::string_view pattern) {
  const auto at = pattern.find(placeholder);
  if (at == std::string_view::npos) return path == pattern;
  const auto tail = pattern.substr(at + placeholder.size());
  if (!path.starts_with(pattern.substr(0, at)) || path.size() <= at + tail.size() || !path.ends_with(tail))
    return false;
  return path.substr(at, path.size() - at - tail.size()).find('/') == std::string_view::npos;
}

}  // namespace

std::span<const WorkerOperation> worker_operations() { return operations; }

std::optional<WorkerCall> worker_call_of(std::string_view prefix, std::string_view subject) {
  if (!subject.starts_with(prefix) || subject.size() <= prefix.size() || subject[prefix.size()] != '.')
    return std::nullopt;
  subject.remove_prefix(prefix.size() + 1);
  const auto end = subject.find('.');
  const auto found = std::ranges::find(operations, subject.substr(0, end), &WorkerOperation::name);
  if (found == operations.end() || found->names_worker != (end != std::string_view::npos)) return std::nullopt;
  WorkerCall call{.operation = &*found, .worker_id = {}};
  if (found->names_worker) call.worker_id = subject.substr(end + 1);
  if (found->names_worker && !is_worker_id(call.worker_id)) return std::nullopt;
  return call;
}

const WorkerOperation* worker_operation_of(std::string_view method, std::string_view target) {
  const auto path = target.substr(0, target.find('?'));
  const auto is_it = [&](const WorkerOperation& operation) {
    return operation.method == method && (operation.path.empty() || is_path_of(path, operation.path));
  };
  const auto found = std::ranges::find_if(operations, is_it);
  return found == operations.end() ? nullptr : &*found;
}

std::string subject_of(std::string_view prefix, const WorkerOperation& operation, std::string_view worker_id) {
  std::string subject(prefix);
  subject.append(".").append(operation.name);
  if (operation.names_worker) subject.append(".").append(worker_id);
  return subject;
}

std::string subject_filter_of(std::string_view prefix, const WorkerOperation& operation) {
  return subject_of(prefix, operation, ">");
}

std::string path_of(const WorkerOperation& operation, std::string_view worker_id) {
  std::string path(operation.path);
  const auto at = path.find(placeholder);
  if (at != std::string::npos) path.replace(at, placeholder.size(), worker_id);
  return path;
}

}  // namespace noetl::wire
