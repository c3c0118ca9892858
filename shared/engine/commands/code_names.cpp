#include "shared/engine/commands/code_names.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "shared/engine/plan/text_reads.hpp"
#include "shared/engine/state/fields.hpp"
#include "shared/engine/state/large_results.hpp"

namespace noetl::engine {
namespace {

// With every command of a script, whether it looks at them or not.
constexpr std::size_t script_names_bytes_max = 64 * 1024;
// Names of the language that are ordinary words in code, unless main() asks for them.
constexpr auto words_of_the_language = std::to_array<std::string_view>(
    {"input", "args", "result", "response", "error", "event", "output", "step", "steps", "iter"});

// Names of one command. Lives while they are put together.
class CodeNames {
 public:
  CodeNames(Context& context, const Json& input, const PreviousResult& previous)
      : context_(context), input_(input), previous_(previous) {}

  Json of_script() {
    names_ = context_.small_names(script_names_bytes_max);
    const Json* result = context_.result_of(previous_.step);
    const bool is_small = result != nullptr && !is_larger(*result, script_names_bytes_max / 4);
    for (const auto* name : {"result", "response"}) {
      if (is_small) add_previous(name, nullptr);
    }
    for (const auto& [name, value] : input_.items()) names_.erase(name);
    return std::move(names_);
  }

  Json of_code(const std::string& code, const CodeFacts& facts) {
    std::vector<std::string> wanted;
    for (const auto& name : facts.names) {
      if (std::ranges::find(words_of_the_language, name) == words_of_the_language.end() && !input_.contains(name))
        wanted.push_back(name);
    }
    const auto is_asked = [&](const char* name) {
      return !input_.contains(name) && std::ranges::find(facts.parameters, name) != facts.parameters.end();
    };
    for (const auto* name : {"output", "event", "error", "iter", "steps"}) {
      if (is_asked(name)) wanted.emplace_back(name);
    }
    names_ = context_.names(wanted);
    for (auto& [name, value] : names_.items()) {
      if (const Json* whole = context_.whole_of_rows(name); whole != nullptr && reads_as_map(code, name))
        value = *whole;
    }
    for (const auto* name : {"result", "response"}) {
      if (is_asked(name)) add_previous(name, &code);
    }
    if (is_asked("input")) names_["input"] = input_;
    return std::move(names_);
  }

 private:
  // As the step's own name, it is the list of the rows of a SQL step.
  void add_previous(const std::string& name, const std::string* code) {
    const Json* result = previous_.is_of_task ? context_.result() : context_.result_of(previous_.step);
    if (result == nullptr || input_.contains(name)) return;
    const bool is_rows = !previous_.is_of_task && code != nullptr && context_.whole_of_rows(previous_.step) == result &&
                         !reads_as_map(*code, name);
    names_[name] = is_rows ? result->at("rows") : *result;
  }

  Context& context_;
  const Json& input_;
  const PreviousResult& previous_;
  Json names_ = Json::object();
};

}  // namespace

void keep_maps_for_code(Context& context, const Json& options, const Json& written, Json& rendered) {
  const auto& code = first_of(options, {"code"});
  if (!code.is_string() || !written.is_object()) return;
  for (const auto& [name, value] : written.items()) {
    const auto step = bare_name(value);
    if (step.empty() || !rendered.contains(name) || !rendered[name].is_array()) continue;
    if (!reads_as_map(code.get_ref<const std::string&>(), name)) continue;
    if (const Json* whole = context.whole_of_rows(step)) rendered[name] = *whole;
  }
}

Json names_for_code(Context& context, const ResolvedTool& tool, const Json& options, const Json& input,
                    const PreviousResult& previous) {
  CodeNames names(context, input, previous);
  const auto& code = first_of(options, {"code"});
  if (code.is_null() && !options.contains("code")) return options.contains("script") ? names.of_script() : Json();
  if (!code.is_string()) return nullptr;
  const auto& text = code.get_ref<const std::string&>();
  const bool is_as_written = first_of(*tool.options, {"code"}) == code;
  return names.of_code(text, is_as_written ? tool.code : facts_of_code(text));
}

}  // namespace noetl::engine
