#include "shared/language/schema.hpp"

#include <initializer_list>
#include <string>
#include <utility>

#include "shared/language/vocabulary/tool_vocabulary.hpp"

namespace noetl::language {

namespace {

using domain::Json;
using vocabulary::Words;
using Properties = std::initializer_list<std::pair<std::string_view, Json>>;

enum class Others { refused, allowed };

Json ref(const std::string& name) { return {{"$ref", "#/$defs/" + name}}; }

Json any_of(Json alternatives) { return {{"anyOf", std::move(alternatives)}}; }

Json list_of(Json item) { return {{"type", "array"}, {"items", std::move(item)}}; }

// A value that a template may stand for.
Json or_template(Json schema) { return any_of(Json::array({std::move(schema), ref("template")})); }

Json one_of_words(Words words) {
  Json list = Json::array();
  for (const auto word : words) list.push_back(word);
  return {{"enum", std::move(list)}};
}

// The same schema with a text that editors show.
Json told(std::string_view description, Json schema = Json::object()) {
  schema["description"] = description;
  return schema;
}

// A mapping with these keys: those that `known` says more of have a schema, the others take any value.
Json mapping(Words keys, Others others, Properties known) {
  Json properties = Json::object();
  for (const auto key : keys) properties[std::string(key)] = true;
  for (const auto& [key, schema] : known) properties[std::string(key)] = schema;
  Json made{{"type", "object"}, {"properties", std::move(properties)}};
  if (others == Others::refused) {
    made["additionalProperties"] = false;
    made["patternProperties"] = {{"^x-", true}};
  }
  return made;
}

Json with_required(Json schema, std::initializer_list<const char*> keys) {
  schema["required"] = keys;
  return schema;
}

void add_values(Json& defs) {
  defs["template"] = told("A text with a template in it", {{"type", "string"}, {"pattern", R"(\{\{|\{%|\{#)"}});
  defs["condition"] = told("An expression in {{ }}; it holds when its value is true, not empty and not zero",
                           {{"type", Json::array({"string", "boolean", "number", "null"})}});
  defs["values"] = told("Names and their values; templates inside", {{"type", Json::array({"object", "null"})}});
  defs["given"] = told("Names and their values, or one template that gives them",
                       any_of(Json::array({Json{{"type", Json::array({"object", "null"})}}, ref("template")})));
  defs["duration"] =
      told("Seconds, or a text such as 500ms, 2m, 1.5h, 1d",
           any_of(Json::array({Json{{"type", "number"}, {"minimum", 0}},
                               Json{{"type", "string"}, {"pattern", R"(^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)?$)"}},
                               Json{{"type", "null"}}, ref("template")})));
  defs["stepName"] = told("The name of a step", {{"type", "string"}, {"minLength", 1}, {"maxLength", 200}});
}

void add_policy(Json& defs) {
  defs["then"] = any_of(Json::array(
      {Json{{"type", "string"}},
       mapping(vocabulary::policy_then_keys, Others::refused,
               {{"do", told("What happens next; continue when left out",
                            or_template(one_of_words(vocabulary::policy_actions)))},
                {"attempts", told("With retry: how often in all", or_template({{"type", "integer"}, {"minimum", 1}}))},
                {"delay", told("With retry: seconds before the next attempt", ref("duration"))},
                {"backoff", told("With retry: how the delay grows", or_template(one_of_words(vocabulary::backoffs)))},
                {"max_delay", told("With retry: the longest delay", ref("duration"))},
                {"to", told("With jump: the task of this pipeline that is next", {{"type", "string"}})},
                {"set", ref("values")},
                {"set_ctx", ref("values")},
                {"set_iter", ref("values")}})}));
  Json otherwise = any_of(Json::array(
      {with_required(Json{{"type", "object"}, {"properties", {{"then", ref("then")}}}}, {"then"}), ref("then")}));
  defs["policyRule"] = mapping(vocabulary::policy_rule_keys, Others::refused,
                               {{"when", ref("condition")},
                                {"then", ref("then")},
                                {"else", told("For everything that no rule before held for", std::move(otherwise))}});
  defs["policyRule"]["anyOf"] = Json::array({Json{{"required", {"then"}}}, Json{{"required", {"else"}}}});
  const Json rules = told("The first rule that holds decides", list_of(ref("policyRule")));
  defs["policy"] = mapping(vocabulary::policy_keys, Others::refused,
                           {{"rules", rules}, {"admit", told("Whether the step runs at all")}});
}

// With the kind known, editors offer the tool's own options.
Json options_by_kind() {
  Json rules = Json::array();
  for (const auto kind : vocabulary::tool_kinds) {
    const auto options = vocabulary::tool_options_of(kind);
    if (options.empty()) continue;
    Json properties = Json::object();
    for (const auto option : options) properties[std::string(option)] = true;
    Json names = one_of_words(options);
    for (const auto option : vocabulary::common_tool_options) names["enum"].push_back(option);
    rules.push_back({{"if", {{"properties", {{"kind", {{"const", kind}}}}}}},
                     {"then",
                      {{"properties", std::move(properties)},
                       {"propertyNames", any_of(Json::array({std::move(names), Json{{"pattern", "^x-"}}}))}}}});
  }
  return rules;
}

void add_tools(Json& defs) {
  defs["toolKind"] =
      told("The tool; a kind that is not built in needs a worker that offers it",
           any_of(Json::array({one_of_words(vocabulary::tool_kinds), Json{{"type", "string"}, {"minLength", 1}}})));
  const Json spec =
      told("Limits and policy", Json{{"type", Json::array({"object", "null"})},
                                     {"properties", {{"policy", ref("policy")}, {"timeout", ref("duration")}}}});
  defs["tool"] = with_required(
      mapping(
          vocabulary::tool_options, Others::allowed,
          {{"kind", ref("toolKind")},
           {"name", told("In a pipeline: the task's name; of a workbook tool: the entry to run", {{"type", "string"}})},
           {"args", ref("given")},
           {"input", ref("given")},
           {"set", ref("values")},
           {"spec", spec},
           {"timeout", told("Bounds one attempt", ref("duration"))},
           {"auth", told("The name of a credential, or what it holds")},
           {"code", told("python: def main(…), or result = …", {{"type", "string"}})},
           {"method", told("http: GET when left out", {{"type", "string"}})}}),
      {"kind"});
  // {name, kind, …}, or {label: {kind, …}}.
  defs["tool"]["allOf"] = options_by_kind();
  const Json labelled{{"type", "object"},
                      {"minProperties", 1},
                      {"maxProperties", 1},
                      {"not", {{"required", {"kind"}}}},
                      {"additionalProperties", ref("tool")}};
  defs["task"] = any_of(Json::array({ref("tool"), labelled}));
  Json pipeline = list_of(ref("task"));
  pipeline["minItems"] = 1;
  defs["tools"] =
      told("One tool; a list of tasks, which run one after another; or a word with its options beside it",
           any_of(Json::array({ref("tool"), std::move(pipeline), ref("toolKind"), Json{{"type", "null"}}})));
}

void add_routing(Json& defs) {
  defs["arc"] = with_required(mapping(vocabulary::arc_keys, Others::refused,
                                      {{"step", ref("stepName")},
                                       {"when", ref("condition")},
                                       {"set", ref("values")},
                                       {"set_ctx", ref("values")},
                                       {"args", ref("given")},
                                       {"input", ref("given")}}),
                              {"step"});
  const Json target = any_of(Json::array({ref("stepName"), ref("arc")}));
  const Json mode = told("exclusive: the first arc that holds; inclusive: every one",
                         or_template(one_of_words(vocabulary::next_modes)));
  const Json arcs = mapping(vocabulary::next_keys, Others::refused,
                            {{"spec", mapping(vocabulary::next_spec_keys, Others::refused, {{"mode", mode}})},
                             {"mode", mode},
                             {"arcs", list_of(ref("arc"))}});
  defs["next"] =
      told("What follows: a step, a list of steps, or {spec: {mode}, arcs}",
           any_of(Json::array({ref("stepName"), list_of(target), arcs, ref("arc"), Json{{"type", "null"}}})));
}

void add_rules(Json& defs) {
  const Json set = any_of(Json::array({ref("values"), list_of(Json{{"type", "object"}})}));
  defs["actions"] =
      mapping(vocabulary::action_keys, Others::refused,
              {{"next", ref("next")},
               {"set", told("Variables of the execution", set)},
               {"call", told("Issues a step beside what follows", any_of(Json::array({ref("stepName"), ref("arc")})))},
               {"retry", told("The tool once more; with params, url, … the next page",
                              any_of(Json::array({mapping(vocabulary::retry_keys, Others::refused, {}),
                                                  Json{{"type", Json::array({"boolean", "null", "integer"})}}})))},
               {"collect", told("Adds what came to what was collected",
                                mapping(vocabulary::collect_keys, Others::refused,
                                        {{"strategy", or_template(one_of_words(vocabulary::collect_strategies))},
                                         {"mode", or_template(one_of_words(vocabulary::collect_strategies))}}))},
               {"sink", told("Stores what came; a sink that fails does not fail the step")},
               {"result", told("{from: name}: the step's result")},
               {"fail", told("Fails the execution, with this message")}});
  defs["actionList"] = any_of(Json::array({ref("actions"), list_of(ref("actions"))}));
  Json otherwise = any_of(
      Json::array({with_required(Json{{"type", "object"}, {"properties", {{"then", ref("actionList")}}}}, {"then"}),
                   ref("actionList")}));
  defs["caseRule"] = mapping(vocabulary::case_keys, Others::refused,
                             {{"when", ref("condition")}, {"then", ref("actionList")}, {"else", std::move(otherwise)}});
  defs["caseRule"]["anyOf"] = Json::array({Json{{"required", {"then"}}}, Json{{"required", {"else"}}}});
}

void add_loop(Json& defs) {
  const Json mode = told("sequential when left out", or_template(one_of_words(vocabulary::loop_modes)));
  const Json most = told("How many rounds run at once", or_template({{"type", "integer"}, {"minimum", 1}}));
  const Json frame = mapping(vocabulary::frame_keys, Others::refused, {});
  const Json spec =
      mapping(vocabulary::loop_spec_keys, Others::refused, {{"mode", mode}, {"max_in_flight", most}, {"frame", frame}});
  const Json list =
      told("A list, or a template that gives one", {{"type", Json::array({"string", "array", "object", "null"})}});
  const Json iterator =
      told("The name of a round's item", {{"type", "string"}, {"pattern", "^[A-Za-z_][A-Za-z0-9_]*$"}});
  defs["loop"] = mapping(vocabulary::loop_keys, Others::refused,
                         {{"in", list},
                          {"collection", list},
                          {"iterator", iterator},
                          {"element", iterator},
                          {"mode", mode},
                          {"max_in_flight", most},
                          {"spec", spec},
                          {"frame", frame}});
}

void add_step(Json& defs) {
  const Json spec = mapping(vocabulary::step_spec_keys, Others::refused,
                            {{"policy", ref("policy")},
                             {"timeout", ref("duration")},
                             {"next_mode", or_template(one_of_words(vocabulary::next_modes))}});
  const Json output = mapping(vocabulary::output_keys, Others::refused,
                              {{"output_select", told("Fields of a large result that stay at hand")}});
  Json step = with_required(
      mapping(vocabulary::step_keys, Others::allowed,
              {{"step", ref("stepName")},
               {"desc", told("For people", {{"type", "string"}})},
               {"tool", ref("tools")},
               {"args", ref("given")},
               {"input", ref("given")},
               {"loop", ref("loop")},
               {"case", any_of(Json::array({list_of(ref("caseRule")), ref("caseRule"), Json{{"type", "null"}}}))},
               {"vars", told("Variables set after the tool", ref("values"))},
               {"set", told("Variables set after the tool: ctx.x, step.x, x", ref("values"))},
               {"set_ctx", ref("values")},
               {"when", told("The step is skipped when it does not hold", ref("condition"))},
               {"next", ref("next")},
               {"spec", spec},
               {"output", output},
               {"timeout", ref("duration")}}),
      {"step"});
  // A plain word as tool takes its options from the step's other keys; otherwise there are none.
  step["if"] = {{"properties", {{"tool", {{"type", "string"}}}}}, {"required", {"tool"}}};
  step["else"] = {
      {"propertyNames", any_of(Json::array({one_of_words(vocabulary::step_keys), Json{{"pattern", "^x-"}}}))}};
  defs["step"] = std::move(step);
  defs["workbookEntry"] = with_required(mapping(vocabulary::workbook_keys, Others::allowed,
                                                {{"name", {{"type", "string"}}},
                                                 {"tool", any_of(Json::array({ref("tool"), ref("toolKind")}))},
                                                 {"args", ref("given")},
                                                 {"input", ref("given")}}),
                                        {"name", "tool"});
}

}  // namespace

Json playbook_schema() {
  Json defs = Json::object();
  add_values(defs);
  add_policy(defs);
  add_tools(defs);
  add_routing(defs);
  add_rules(defs);
  add_loop(defs);
  add_step(defs);
  Json workflow = list_of(ref("step"));
  workflow["minItems"] = 1;
  Json metadata{{"type", "object"},
                {"properties",
                 {{"name", told("The playbook's name", {{"type", "string"}})},
                  {"path", told("The name in the catalog, under which it is executed",
                                {{"type", "string"}, {"maxLength", 500}})}}}};
  Json schema = mapping(
      vocabulary::playbook_keys, Others::refused,
      {{"apiVersion", one_of_words(vocabulary::api_versions)},
       {"kind", {{"const", "Playbook"}}},
       {"metadata", std::move(metadata)},
       {"workload", told("Input and its defaults; the payload of an execution replaces keys", ref("values"))},
       {"workbook", told("Tools that several steps use", list_of(ref("workbookEntry")))},
       {"keychain", told("Tokens that templates name as keychain.NAME", {{"type", Json::array({"array", "object"})}})},
       {"workflow", told("The steps; the one called start begins", std::move(workflow))}});
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["$id"] = "https://noetl.io/schemas/playbook.schema.json";
  schema["title"] = "NoETL playbook";
  schema["required"] = {"apiVersion", "kind", "workflow"};
  schema["$defs"] = std::move(defs);
  return schema;
}

}  // namespace noetl::language
