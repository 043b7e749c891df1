"""Everything that can be known to be wrong with a prompt before a model sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from jinja2 import TemplateError, meta, nodes

from nephoscope.interfaces import UsageError
from nephoscope.prompting import overrides
from nephoscope.prompting.registry import PromptRegistry
from nephoscope.prompting.rendering import environment, render
from nephoscope.prompting.template import Fault, PromptMessage, PromptTemplate, fault

_PLAIN = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.For, nodes.Getattr, nodes.Getitem),
    *(nodes.Filter, nodes.Test, nodes.Not, nodes.And, nodes.Or, nodes.Compare, nodes.Operand, nodes.CondExpr, nodes.Tuple, nodes.List),
)
"""What a template may be made of: values, conditions, loops. No macros, calls, includes or assignments."""


def lint(registry: PromptRegistry) -> list[Fault]:
    """Every fault of every prompt, those of loading first; empty when all is well."""
    return [*registry.faults, *(each for prompt in registry.prompts.values() for each in faults_of(prompt))]


def faults_of(prompt: PromptTemplate) -> list[Fault]:
    """The faults of one prompt, each once. Its tests run only where the templates are sound."""
    found = [*_declarations(prompt), *overrides.faults(prompt), *_templates(prompt)]
    return list(dict.fromkeys(found or _tests(prompt)))


def _declarations(prompt: PromptTemplate) -> Iterator[Fault]:
    for name, times in Counter(variable.name for variable in prompt.variables).items():
        if times > 1:
            yield fault(prompt, f"variable {name}", "it is declared more than once", "keep one declaration")
    for variable in prompt.variables:
        if variable.required and variable.default is not None:
            yield fault(prompt, f"variable {variable.name}", "it is required and has a default", "say required: false, or take the default out")
        elif not variable.required and not variable.accepts(variable.default):
            yield fault(prompt, f"variable {variable.name}", f"its default is not of type {variable.type}", f"give a {variable.type}")
    for name, times in Counter(name for message in prompt.messages for name in message.parts).items():
        if times > 1:
            yield fault(prompt, f"part {name}", "two parts have that name", "name each part once, or overrides cannot tell them apart")
    if not prompt.tests:
        yield fault(prompt, "tests", "it has none", "add one: name, values, contains")
    for name, times in Counter(test.name for test in prompt.tests).items():
        if times > 1:
            yield fault(prompt, f"test {name}", "two tests have that name", "name each test once")


def _templates(prompt: PromptTemplate) -> Iterator[Fault]:
    """Every wording is looked at: the plain one, and each override on top of it."""
    used: set[str] = set()
    broken = False
    for wording in (prompt.messages, *(overrides.apply(prompt.messages, [override]) for override in prompt.overrides)):
        if not wording:
            yield fault(prompt, "overrides", "one leaves nothing of the prompt", "keep a part")
        printed: Counter[str] = Counter()
        for message, name, text in ((each, *part) for each in wording for part in each.parts.items()):
            try:
                tree = environment().parse(text)
                environment().compile(text)
            except (TemplateError, RecursionError) as error:
                broken = True
                yield fault(prompt, f"part {name}", f"it is no template: {error}", "mend its Jinja")
                continue
            used |= meta.find_undeclared_variables(tree)
            printed.update(_printed(tree, prompt.untrusted))
            yield from _part(prompt, message, name, tree)
        for name in (name for name, times in printed.items() if times > 1):
            yield fault(prompt, f"variable {name}", "it is printed more than once", "print data once and refer to it by name")
    for variable in prompt.variables:
        if variable.name not in used and not broken:
            yield fault(prompt, f"variable {variable.name}", "no part uses it", "use it, or take it out")


def _part(prompt: PromptTemplate, message: PromptMessage, part: str, tree: nodes.Template) -> Iterator[Fault]:
    declared = {variable.name for variable in prompt.variables}
    where = f"part {part}"
    for name in sorted(meta.find_undeclared_variables(tree) - declared):
        yield fault(prompt, f"{where}, variable {name}", "it is used and not declared", "declare it under variables")
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, (*_PLAIN, nodes.Helper)):
            fix = "use values, conditions and loops only"
            yield fault(prompt, where, f"line {node.lineno}: {type(node).__name__} has no place in a prompt", fix)
    if message.role == "system":
        for name in sorted(set(_printed(tree, prompt.untrusted))):
            yield fault(prompt, f"{where}, variable {name}", "data of others stands in a system message", "print it in a user message")
    for name in sorted(_misused(tree, prompt.untrusted)):
        fix = f"print it by {{{{ {name} }}}}, or ask {{% if {name} %}}, outside loops"
        yield fault(prompt, f"{where}, variable {name}", "data of others can only be printed as it is", fix)


def _printed(tree: nodes.Template, untrusted: frozenset[str]) -> list[str]:
    outputs = (node for output in tree.find_all(nodes.Output) for node in output.nodes)
    return [node.name for node in outputs if isinstance(node, nodes.Name) and node.name in untrusted]


def _misused(tree: nodes.Template, untrusted: frozenset[str]) -> set[str]:
    sound = {id(node) for output in tree.find_all(nodes.Output) for node in output.nodes}
    tests = [*(branch.test for branch in tree.find_all(nodes.If)), *(choice.test for choice in tree.find_all(nodes.CondExpr))]
    sound |= {id(node) for test in tests for node in _asked(test)}
    sound -= {id(node) for loop in tree.find_all(nodes.For) for node in loop.find_all(nodes.Name)}
    return {node.name for node in tree.find_all(nodes.Name) if node.name in untrusted and id(node) not in sound}


def _asked(test: nodes.Node) -> Iterator[nodes.Node]:
    """The values a condition only asks whether they are there."""
    if isinstance(test, nodes.Not):
        yield from _asked(test.node)
    elif isinstance(test, nodes.And | nodes.Or):
        yield from _asked(test.left)
        yield from _asked(test.right)
    else:
        yield test


def _tests(prompt: PromptTemplate) -> Iterator[Fault]:
    for test in prompt.tests:
        where = f"test {test.name}"
        try:
            text = "\n\n".join(message.content for message in render(prompt, test.values, test.model))
        except UsageError as error:
            yield fault(prompt, where, error.message, error.hint)
            continue
        if not (test.contains or test.lacks):
            yield fault(prompt, where, "it cannot fail", "say what the prompt must contain, or must not")
        for wanted in test.contains:
            if wanted not in text:
                yield fault(prompt, where, f"{wanted!r} is missing", "mend the prompt or the test")
        for unwanted in test.lacks:
            if unwanted in text:
                yield fault(prompt, where, f"{unwanted!r} must not be there", "mend the prompt or the test")
