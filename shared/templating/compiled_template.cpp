#include "shared/templating/compiled_template.hpp"

#include <algorithm>
#include <new>

#include "shared/templating/syntax/parser.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

// As Jinja: every line end becomes \n before anything else.
std::string with_plain_line_ends(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      i += i + 1 < source.size() && source[i + 1] == '\n' ? 1U : 0U;
      text += '\n';
    } else {
      text += source[i];
    }
  }
  return text;
}

bool is_reference(const Node& node) {
  switch (node.kind) {
    case NodeKind::name: return true;
    case NodeKind::attribute: return is_reference(*node.children[0]);
    case NodeKind::item: return node.children[1]->kind == NodeKind::literal && is_reference(*node.children[0]);
    default: return false;
  }
}

const Json* member(const Json& json, const std::string& name) {
  if (!json.is_object()) {
    return nullptr;
  }
  const auto found = json.find(name);
  return found == json.end() ? nullptr : &*found;
}

}  // namespace

CompiledTemplate::CompiledTemplate(std::string_view source, const Limits& limits) : limits_(limits) {
  if (source.size() > limits.source_bytes_max) {
    fail_bound("the template has " + std::to_string(source.size()) + " bytes, at most " +
               std::to_string(limits.source_bytes_max) + " are allowed");
  }
  if (!unicode::is_valid(source)) {
    fail_syntax("the template is not UTF-8", 0);
  }
  is_plain_ = has_no_tags(source);
  source_ = is_plain_ ? std::string(source) : with_plain_line_ends(source);
  if (is_plain_) {
    return;
  }
  program_ = Parser(tokenize(source_, limits_.parsed_bytes_max), limits_).parse();
  reading_ = reading_of(program_);
  is_bare_ = single() != nullptr && is_reference(*single());
}

const Node* CompiledTemplate::single() const {
  return program_.body.size() == 1 && program_.body[0].kind == BlockKind::output ? program_.body[0].expression.get()
                                                                                 : nullptr;
}

const Json* CompiledTemplate::look_up(const Node& node, const Scope& scope, bool& is_settled) const {
  if (node.kind == NodeKind::name) {
    return scope.find(node.text);
  }
  if (node.kind == NodeKind::attribute && node.children[0]->kind == NodeKind::name) {
    if (const Json* own = scope.find_member(node.children[0]->text, node.text)) return own;
  }
  const Json* object = look_up(*node.children[0], scope, is_settled);
  if (object == nullptr || !is_settled) {
    return nullptr;
  }
  const Json* found = node.kind == NodeKind::attribute ? member(*object, node.text) : nullptr;
  is_settled = found != nullptr;  // anything else has rules of its own
  return found;
}

std::variant<CompiledTemplate::Outcome, Failure> CompiledTemplate::try_evaluate(const Scope& scope,
                                                                                Unwrapping unwrapping) const {
  if (is_plain_) {
    return Outcome{.value = source_};
  }
  if (is_bare_) {
    bool is_settled = true;
    if (const Json* found = look_up(*single(), scope, is_settled); found != nullptr && is_settled) {
      return Outcome{.value = *found};
    }
  }
  Renderer renderer(scope, limits_, unwrapping);
  try {
    if (const Node* expression = single()) {
      const Value value = renderer.evaluate(*expression);
      return Outcome{.value = to_json(value, renderer.budget()), .is_undefined = value.is_undefined()};
    }
    Draft draft;
    renderer.render(program_.body, draft);
    return Outcome{.value = draft.take()};
  } catch (Failure& failure) {
    if (failure.offset == Failure::no_offset) {
      failure.offset = renderer.offset();
    }
    return std::move(failure);
  } catch (const std::bad_alloc&) {
    return Failure{.kind = FailureKind::bound, .message = "out of memory", .offset = renderer.offset()};
  }
}

base::Result<Json> CompiledTemplate::evaluate(const Scope& scope, bool* is_undefined) const {
  auto made = try_evaluate(scope, Unwrapping::none);
  if (const auto* failure = std::get_if<Failure>(&made)) {
    return base::failure(error_of(*failure));
  }
  auto& outcome = std::get<Outcome>(made);
  if (is_undefined != nullptr) {
    *is_undefined = outcome.is_undefined;
  }
  return std::move(outcome.value);
}

base::Result<std::string> CompiledTemplate::render(const Scope& scope) const {
  if (is_plain_) {
    return source_;
  }
  Renderer renderer(scope, limits_, Unwrapping::none);
  try {
    Draft draft;
    renderer.render(program_.body, draft);
    return draft.take();
  } catch (Failure& failure) {
    if (failure.offset == Failure::no_offset) {
      failure.offset = renderer.offset();
    }
    return base::failure(error_of(failure));
  } catch (const std::bad_alloc&) {
    return base::failure(base::ErrorCode::invalid_input, "the template needs more memory than there is");
  }
}

base::Error CompiledTemplate::error_of(const Failure& failure) const { return templating::error_of(failure, source_); }

base::Error error_of(const Failure& failure, std::string_view source) {
  const std::size_t offset = failure.offset == Failure::no_offset ? 0 : std::min(failure.offset, source.size());
  const std::string_view before = source.substr(0, offset);
  const auto line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::size_t line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto column = static_cast<int>(unicode::length(before.substr(line_begin))) + 1;
  base::Error error;
  error.code = base::ErrorCode::invalid_input;
  error.message =
      "template: " + failure.message + " (line " + std::to_string(line) + ", column " + std::to_string(column) + ")";
  error.details.push_back(
      base::ErrorDetail{.field = {}, .message = failure.message, .line = line, .column = column, .suggestion = {}});
  return error;
}

}  // namespace noetl::templating
