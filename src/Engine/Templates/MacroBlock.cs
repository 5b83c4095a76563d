namespace Orrery.Engine.Templates;

/// <summary>One parameter of a macro.</summary>
internal sealed record MacroParameter(string Name, Expression? Default);

/// <summary><c>{% macro name(a, b=1) %}…{% endmacro %}</c>: a function whose value is the text of its body.</summary>
internal sealed class MacroBlock(string name, IReadOnlyList<MacroParameter> parameters, IReadOnlyList<Statement> body) : Statement
{
    /// <summary>The name under which the body of a call block is known inside the macro.</summary>
    public const string Caller = "caller";

    public override Flow Run(RenderState state)
    {
        Scope place = state.Scope;
        place.Set(name, new TemplateFunction(name, (inner, arguments) => Call(inner, place, arguments)));
        return Flow.Next;
    }

    private string Call(RenderState state, Scope place, CallArguments arguments)
    {
        state.Enter();
        arguments.Check($"the macro '{name}'", [.. parameters.Select(parameter => parameter.Name), .. arguments.Has(parameters.Count, Caller) ? [Caller] : Array.Empty<string>()]);
        Scope back = state.Scope;
        state.Scope = new Scope(place);
        for (int i = 0; i < parameters.Count; i++)
        {
            MacroParameter parameter = parameters[i];
            object? value = arguments.Has(i, parameter.Name) ? arguments.Take(i, parameter.Name)
                : parameter.Default is not null ? parameter.Default.Evaluate(state)
                : new Undefined($"the parameter '{parameter.Name}' of the macro '{name}'");
            state.Scope.Set(parameter.Name, value);
        }
        if (arguments.Take(-1, Caller) is TemplateFunction caller) state.Scope.Set(Caller, caller);
        string text = BlockText.Capture(state, body);
        state.Scope = back;
        state.Leave();
        return text;
    }
}
