#include "shared/language/loading/field.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "shared/language/loading/option_names.hpp"
#include "shared/templating/program/filters.hpp"
#include "shared/templating/syntax/lexer.hpp"
#include "shared/templating/template.hpp"

namespace noetl::language {

namespace {

// Keys are cut: one of a megabyte above a hundred thousand values would be copied for each.
std::string below(const std::string& path, std::string_view key) {
  std::string joined = path;
  if (!joined.empty()) joined += '.';
  return joined += clipped(key, 80);
}

// What a template's parser says of an unknown filter has its name between quotes.
std::string suggested_filter(std::string_view message) {
  constexpr std::string_view says = "there is no filter '";
  if (!message.starts_with(says) || !message.ends_with('\'')) return {};
  std::vector<std::string_view> names;
  for (const auto table : {templating::text_filters(), templating::number_filters(), templating::sequence_filters(),
                           templating::selection_filters(), templating::layout_filters(), templating::json_filters()})
    for (const auto* filter = table.begin; filter != table.end; ++filter) names.push_back(filter->name);
  const auto name = message.substr(says.size(), message.size() - says.size() - 1);
  return did_you_mean(name, std::span<const std::string_view>(names));
}

void report(const Field& field, Strictness strictness, const base::Error& error, Findings& findings) {
  const std::string said = error.details.empty() ? error.message : error.details.front().message;
  std::string message = "the template does not parse: " + said;
  const SourceMark inside =
      error.details.empty() ? SourceMark{} : SourceMark{error.details.front().line, error.details.front().column};
  const SourceMark mark = place_in_text(*field.node, inside);
  if (inside.line > 1 && mark.line == field.mark().line)
    message += " (in line " + std::to_string(inside.line) + " of this text)";
  if (strictness == Strictness::error) {
    findings.error(field.path, mark, std::move(message), suggested_filter(said));
  } else {
    findings.warning(field.path, mark,
                     std::move(message) + "; the text will be passed on as it is, with whatever templates are in it",
                     suggested_filter(said));
  }
}

// In a program {# … #} is seldom meant as a comment of the template: ${#a} … ${v%#}, '{#'.
void warn_of_comments(const Field& field, Findings& findings) {
  const std::string_view text = field.node->text;
  if (text.find("{#") == std::string_view::npos) return;
  for (const auto& comment : templating::find_comments(text)) {
    if (findings.is_full_of_warnings()) return;
    findings.warning(field.path, place_in_text(*field.node, mark_at(text, comment.offset)),
                     "{# … #} is a comment of the template: '" +
                         clipped(text.substr(comment.offset, comment.bytes), 60) + "' is left out of the program",
                     "put {% raw %} and {% endraw %} around what is to stay");
  }
}

}  // namespace

SourceMark mark_at(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto characters = std::ranges::count_if(
      before.substr(line_begin), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  return {.line = static_cast<int>(std::ranges::count(before, '\n')) + 1, .column = static_cast<int>(characters) + 1};
}

SourceMark place_in_text(const Node& node, SourceMark inside) {
  SourceMark mark = node.mark;
  if (inside.line <= 0) return mark;
  // A block's first line is the one below its | or >.
  if (node.is_block) mark = {.line = mark.line + inside.line, .column = 1};
  if (node.text_column > 0 && (node.is_block || inside.line == 1))
    mark.column = node.text_column + std::max(inside.column, 1) - 1;
  return mark;
}

Field Field::operator[](std::string_view key) const {
  return {node == nullptr ? nullptr : node->find(key), below(path, key)};
}

Field Field::of(const Member& member) const { return {&member.node, below(path, member.key)}; }

Field Field::at(std::size_t index) const { return {&node->items[index], path + "[" + std::to_string(index) + "]"}; }

std::string read_text(const Field& field, Findings& findings) {
  if (!field.is_given()) return {};
  if (!field.is_scalar()) {
    findings.error(field.path, field.mark(), "expected a text, found " + field.described());
    return {};
  }
  return field.node->text;
}

Json read_object(const Field& field, Findings& findings) {
  if (!field.is_given()) return Json::object();
  if (!field.is_mapping()) {
    findings.error(field.path, field.mark(), "expected a mapping of names to values, found " + field.described());
    return Json::object();
  }
  return read_value(field, findings);
}

Json read_value(const Field& field, Findings& findings) {
  if (field.node == nullptr) return nullptr;
  check_templates(field, Strictness::error, findings);
  return field.node->to_json();
}

std::string read_condition(const Field& field, Findings& findings) {
  std::string text = read_text(field, findings);
  check_templates(field, Strictness::error, findings);
  if (!text.empty() && !has_template_marks(text) && field.is_scalar() && field.node->value.is_string())
    findings.warning(field.path, field.mark(),
                     "the condition is a plain text, which always holds; expected an expression in {{ }}",
                     "did you mean \"{{ " + clipped(text, 80) + " }}\"?");
  return text;
}

std::string read_word(const Field& field, vocabulary::Words words, Findings& findings) {
  std::string word = read_text(field, findings);
  if (word.empty() || has_template_marks(word) || vocabulary::contains(words, word)) return word;
  std::string expected;
  for (const auto known : words) expected += (expected.empty() ? "" : ", ") + std::string(known);
  findings.error(field.path, field.mark(), "expected one of " + expected + "; found '" + clipped(word, 40) + "'",
                 did_you_mean(word, words));
  return {};
}

void check_keys(const Field& field, vocabulary::Words known, Findings& findings) {
  if (!field.is_mapping()) return;
  for (const auto& member : field.node->members) {
    if (findings.is_full_of_warnings()) return;
    // x-… is the author's own, as in OpenAPI and compose files.
    if (vocabulary::contains(known, member.key) || member.key.starts_with("x-")) continue;
    if (const auto own = name_without_unit(member.key); own && vocabulary::contains(known, *own)) continue;
    auto message = "the key '" + clipped(member.key, 60) + "' is not known here and has no effect";
    auto suggestion = did_you_mean(member.key, known);
    if (is_slip_of(member.key, known))
      findings.refused(field.of(member).path, member.mark, message + "; known are " + listed(known),
                       std::move(suggestion));
    else
      findings.warning(field.of(member).path, member.mark, std::move(message), std::move(suggestion));
  }
}

bool has_template_marks(std::string_view text) {
  return text.find("{{") != std::string_view::npos || text.find("{%") != std::string_view::npos ||
         text.find("{#") != std::string_view::npos;
}

void check_templates(const Field& field, Strictness strictness, Findings& findings) {
  if (field.node == nullptr) return;
  if (field.node->kind == Node::Kind::scalar) {
    if (!field.node->value.is_string() || !has_template_marks(field.node->text)) return;
    const auto parsed = templating::parse(field.node->text);
    if (!parsed) report(field, strictness, parsed.error(), findings);
    if (parsed && strictness == Strictness::program) warn_of_comments(field, findings);
    return;
  }
  for (std::size_t index = 0; index < field.node->items.size(); ++index)
    check_templates(field.at(index), strictness, findings);
  for (const auto& member : field.node->members)
    check_templates(field.of(member), vocabulary::is_program_text(member.key) ? Strictness::program : strictness,
                    findings);
}

}  // namespace noetl::language
