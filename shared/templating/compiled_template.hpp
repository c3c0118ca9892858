#pragma once
// CompiledTemplate: the one implementation of Template. Immutable; any thread.
#include <string>
#include <variant>
#include <vector>

#include "shared/templating/coercion.hpp"
#include "shared/templating/program/ast.hpp"
#include "shared/templating/program/renderer.hpp"
#include "shared/templating/template.hpp"
#include "shared/templating/values/failure.hpp"

namespace noetl::templating {

class CompiledTemplate final : public Template {
 public:
  // Throws Failure.
  CompiledTemplate(std::string_view source, const Limits& limits);

  [[nodiscard]] bool is_plain() const override { return is_plain_; }
  [[nodiscard]] bool is_single_expression() const override { return single() != nullptr; }
  [[nodiscard]] bool is_bare_reference() const override { return is_bare_; }
  [[nodiscard]] const std::vector<std::string>& roots() const override { return program_.roots; }
  [[nodiscard]] base::Result<std::string> render(const Scope& scope) const override;
  [[nodiscard]] base::Result<Json> evaluate(const Scope& scope, bool* is_undefined) const override;

  // How its text is read when it is the value of an option.
  [[nodiscard]] Reading reading() const { return reading_; }
  [[nodiscard]] const Program& program() const { return program_; }
  // What it takes in memory, about.
  [[nodiscard]] std::size_t bytes() const { return sizeof *this + source_.size() + program_.bytes; }

  // What a rendering made: text, unless the template is a single expression. Undefined says so.
  struct Outcome {
    Json value;
    bool is_undefined = false;
  };
  // A Failure instead of an Error, for those who must know its kind.
  [[nodiscard]] std::variant<Outcome, Failure> try_evaluate(const Scope& scope, Unwrapping unwrapping) const;
  [[nodiscard]] base::Error error_of(const Failure& failure) const;

 private:
  [[nodiscard]] const Node* single() const;
  // Bare references into the scope need no Renderer: the value is copied once, from where it lies.
  [[nodiscard]] const Json* look_up(const Node& node, const Scope& scope, bool& is_settled) const;

  std::string source_;
  Limits limits_;
  Program program_;
  Reading reading_ = Reading::by_looks;
  bool is_plain_ = false;
  bool is_bare_ = false;
};

// `source` is only for line and column.
[[nodiscard]] base::Error error_of(const Failure& failure, std::string_view source);

}  // namespace noetl::templating
