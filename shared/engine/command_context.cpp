#include "shared/engine/command_context.hpp"

#include "shared/domain/json_text.hpp"
#include "shared/json/reserved_name.hpp"

namespace noetl::engine {

std::string command_context(const NewCommand& command) {
  std::string context = command.may_run_ahead ? R"({"ahead":true,"input":)" : R"({"input":)";
  domain::append_json(context, command.input);
  if (command.names.is_object() && !command.names.empty()) {
    context += R"(,"names":)";
    domain::append_json(context, command.names);
  }
  context += R"(,"tool":)";
  domain::append_json(context, command.tool);
  // Without the list a worker looks for templates itself: rows of servers that made no list have none.
  if (!command.templates.empty() || json::has_reserved_name(std::string_view(context))) {
    context += R"(,"templates":)";
    domain::append_json(context, command.templates);
  }
  return context += '}';
}

}  // namespace noetl::engine
