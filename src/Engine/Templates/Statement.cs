namespace Orrery.Engine.Templates;

/// <summary>How a block of statements ended.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>A node that prints or does something.</summary>
internal abstract class Statement
{
    public abstract Flow Run(RenderState state);

    public static Flow RunAll(RenderState state, IReadOnlyList<Statement> body)
    {
        state.Enter();
        Flow flow = Flow.Next;
        for (int i = 0; i < body.Count && flow == Flow.Next; i++)
        {
            state.Step();
            flow = body[i].Run(state);
        }
        state.Leave();
        return flow;
    }
}

internal sealed class TextOutput(string text) : Statement
{
    public override Flow Run(RenderState state)
    {
        state.Emit(text);
        return Flow.Next;
    }
}

internal sealed class ValueOutput(Expression value) : Statement
{
    public override Flow Run(RenderState state)
    {
        state.Emit(Printing.Text(state, value.Evaluate(state)));
        return Flow.Next;
    }
}

internal sealed class LoopExit(Flow flow) : Statement
{
    public override Flow Run(RenderState state) => flow;
}

internal sealed class IfBlock(IReadOnlyList<KeyValuePair<Expression, IReadOnlyList<Statement>>> branches, IReadOnlyList<Statement> otherwise) : Statement
{
    public override Flow Run(RenderState state)
    {
        foreach ((Expression condition, IReadOnlyList<Statement> body) in branches)
        {
            if (Truth.Of(condition.Evaluate(state))) return RunAll(state, body);
        }
        return RunAll(state, otherwise);
    }
}

/// <summary>Names, or nested groups of names, that take a value apart.</summary>
internal sealed class Target(string? name, string? attribute, IReadOnlyList<Target> parts, SourcePlace place)
{
    public void Assign(RenderState state, object? value)
    {
        state.Place = place;
        if (attribute is not null)
        {
            object? holder = state.Scope.TryGet(name!, out object? found) ? found : null;
            if (holder is not TemplateNamespace attributes) throw new TemplateFault($"'{name}' is not a namespace, so its '{attribute}' cannot be set");
            attributes.Attributes[attribute] = value;
        }
        else if (name is not null) state.Scope.Set(name, value);
        else
        {
            IReadOnlyList<object?> items = SequenceFilters.Iterate(state, value);
            if (items.Count != parts.Count) throw new TemplateFault($"{items.Count} values for {parts.Count} names");
            for (int i = 0; i < parts.Count; i++) parts[i].Assign(state, items[i]);
        }
    }
}

internal sealed class SetStatement(Target target, Expression value) : Statement
{
    public override Flow Run(RenderState state)
    {
        target.Assign(state, value.Evaluate(state));
        return Flow.Next;
    }
}

/// <summary><c>{% set x %}…{% endset %}</c>: the text of the block becomes the value, through the filters if there are any.</summary>
internal sealed class SetBlock(Target target, Expression value, IReadOnlyList<Statement> body) : Statement
{
    public override Flow Run(RenderState state)
    {
        string text = BlockText.Capture(state, body);
        Scope outer = state.Scope;
        state.Scope = new Scope(outer);
        state.Scope.Set(BlockText.Name, text);
        object? set = value.Evaluate(state);
        state.Scope = outer;
        target.Assign(state, set);
        return Flow.Next;
    }
}

/// <summary>The captured text of a block, where an expression's operand stands.</summary>
internal sealed class BlockText(SourcePlace place) : Expression(place)
{
    /// <summary>No template can spell this name.</summary>
    public const string Name = "(block)";

    public static string Capture(RenderState state, IReadOnlyList<Statement> body)
    {
        Scope outer = state.Scope;
        state.Scope = new Scope(outer);
        state.BeginCapture();
        Statement.RunAll(state, body);
        state.Scope = outer;
        return state.EndCapture();
    }

    protected override object? Compute(RenderState state) => state.Scope.TryGet(Name, out object? text) ? text : "";
}

internal sealed class ForBlock(Target target, Expression items, Expression? condition, IReadOnlyList<Statement> body, IReadOnlyList<Statement> otherwise) : Statement
{
    public override Flow Run(RenderState state)
    {
        object? value = items.Evaluate(state);
        state.Place = items.Place;
        IReadOnlyList<object?> all = SequenceFilters.Iterate(state, value);
        Scope outer = state.Scope;
        if (condition is not null)
        {
            state.Scope = new Scope(outer);
            var kept = new List<object?>();
            foreach (object? item in all)
            {
                target.Assign(state, item);
                if (Truth.Of(condition.Evaluate(state))) kept.Add(item);
            }
            all = kept;
        }
        // As Jinja has it: a turn that was broken off does not keep 'else' from running.
        bool hasRun = false;
        var loop = new LoopInfo(all);
        for (int i = 0; i < all.Count; i++)
        {
            loop.Index = i;
            state.Scope = new Scope(outer);
            state.Scope.Set("loop", loop);
            target.Assign(state, all[i]);
            Flow flow = RunAll(state, body);
            if (flow == Flow.Break) break;
            hasRun |= flow == Flow.Next;
        }
        state.Scope = new Scope(outer);
        if (!hasRun) RunAll(state, otherwise);
        state.Scope = outer;
        return Flow.Next;
    }
}

/// <summary>A block without meaning here, such as the marks of training on what the assistant says: only its body counts.</summary>
internal sealed class PlainBlock(IReadOnlyList<Statement> body) : Statement
{
    public override Flow Run(RenderState state) => RunAll(state, body);
}

/// <summary><c>{% call macro() %}…{% endcall %}</c>: the macro may print the body by <c>caller()</c>.</summary>
internal sealed class CallBlock(Call call, IReadOnlyList<Statement> body) : Statement
{
    public override Flow Run(RenderState state)
    {
        Scope place = state.Scope;
        var caller = new TemplateFunction(MacroBlock.Caller, (inner, arguments) =>
        {
            arguments.Check(MacroBlock.Caller);
            Scope back = inner.Scope;
            inner.Scope = place;
            string text = BlockText.Capture(inner, body);
            inner.Scope = back;
            return text;
        });
        state.Emit(Printing.Text(state, call.EvaluateWith(state, caller)));
        return Flow.Next;
    }
}
