namespace Orrery.Engine.Templates;

/// <summary>A node that has a value.</summary>
internal abstract class Expression(SourcePlace place)
{
    public SourcePlace Place => place;

    public object? Evaluate(RenderState state)
    {
        state.Enter();
        state.Place = place;
        object? value = Compute(state);
        state.Leave();
        return value;
    }

    protected abstract object? Compute(RenderState state);
}

internal sealed class Literal(object? value, SourcePlace place) : Expression(place)
{
    public object? Value => value;

    protected override object? Compute(RenderState state) => value;
}

internal sealed class NameReference(string name, SourcePlace place) : Expression(place)
{
    public string Name => name;

    protected override object? Compute(RenderState state) =>
        state.Scope.TryGet(name, out object? value) ? value
        : TemplateFunctions.Find(name, state) is { } function ? function
        : new Undefined($"'{name}'");
}

internal sealed class SequenceLiteral(IReadOnlyList<Expression> items, SequenceKind kind, SourcePlace place) : Expression(place)
{
    public IReadOnlyList<Expression> Items => items;

    protected override object? Compute(RenderState state)
    {
        object?[] values = new object?[items.Count];
        for (int i = 0; i < values.Length; i++) values[i] = items[i].Evaluate(state);
        return new TemplateSequence(values, kind);
    }
}

internal sealed class MapLiteral(IReadOnlyList<KeyValuePair<Expression, Expression>> entries, SourcePlace place) : Expression(place)
{
    protected override object? Compute(RenderState state)
    {
        var map = new TemplateMap();
        foreach ((Expression key, Expression value) in entries)
        {
            object? name = key.Evaluate(state);
            state.Charge(name);
            map.Set(name, value.Evaluate(state));
        }
        return map;
    }
}

internal sealed class Conditional(Expression condition, Expression then, Expression? otherwise, SourcePlace place) : Expression(place)
{
    protected override object? Compute(RenderState state) =>
        Truth.Of(condition.Evaluate(state)) ? then.Evaluate(state)
        : otherwise is null ? new Undefined("the value of an 'if' without 'else'")
        : otherwise.Evaluate(state);
}

/// <summary>'and' and 'or': the value of the side that decides.</summary>
internal sealed class Junction(Expression left, bool isAnd, Expression right, SourcePlace place) : Expression(place)
{
    protected override object? Compute(RenderState state)
    {
        object? value = left.Evaluate(state);
        return Truth.Of(value) == isAnd ? right.Evaluate(state) : value;
    }
}

internal sealed class Not(Expression operand, SourcePlace place) : Expression(place)
{
    protected override object? Compute(RenderState state) => !Truth.Of(operand.Evaluate(state));
}

internal sealed class Sign(bool isMinus, Expression operand, SourcePlace place) : Expression(place)
{
    protected override object? Compute(RenderState state) => operand.Evaluate(state) switch
    {
        long number => isMinus ? Arithmetic.Checked(() => checked(-number)) : number,
        double number => isMinus ? -number : number,
        bool flag => isMinus ? (flag ? -1L : 0L) : (flag ? 1L : 0L),
        var other => throw new TemplateFault($"{TypeNames.Of(other)} has no sign"),
    };
}

internal sealed class Binary(string signs, Expression left, Expression right, SourcePlace place) : Expression(place)
{
    protected override object? Compute(RenderState state)
    {
        object? a = left.Evaluate(state);
        object? b = right.Evaluate(state);
        state.Place = Place;
        state.Charge(a);
        state.Charge(b);
        return Arithmetic.Apply(state, signs, a, b);
    }
}

/// <summary>A chain such as <c>a &lt; b &lt;= c</c>: each neighbour pair must hold.</summary>
internal sealed class Comparison(Expression first, IReadOnlyList<KeyValuePair<string, Expression>> others, SourcePlace place) : Expression(place)
{
    protected override object? Compute(RenderState state)
    {
        object? left = first.Evaluate(state);
        foreach ((string signs, Expression other) in others)
        {
            object? right = other.Evaluate(state);
            state.Place = Place;
            state.Charge(left);
            state.Charge(right);
            if (!Arithmetic.Holds(state, signs, left, right)) return false;
            left = right;
        }
        return true;
    }
}

/// <summary><c>a.name</c> and <c>a[item]</c>.</summary>
internal sealed class Access(Expression target, Expression item, bool isAttribute, SourcePlace place) : Expression(place)
{
    public Expression Item => item;

    protected override object? Compute(RenderState state)
    {
        object? value = target.Evaluate(state);
        object? key = item.Evaluate(state);
        state.Place = Place;
        state.Charge(key);
        if (!isAttribute) state.Charge(value);
        return isAttribute && key is string name ? Members.Attribute(value, name) : Members.Item(value, key);
    }
}

internal sealed class Slice(Expression target, Expression? start, Expression? stop, Expression? step, SourcePlace place) : Expression(place)
{
    protected override object? Compute(RenderState state)
    {
        object? value = target.Evaluate(state);
        object? from = start?.Evaluate(state);
        object? to = stop?.Evaluate(state);
        object? by = step?.Evaluate(state);
        state.Place = Place;
        state.Charge(value);
        return Members.Slice(state, value, from, to, by);
    }
}

/// <summary>The written arguments of a call, a filter or a test.</summary>
internal sealed class ArgumentList(IReadOnlyList<Expression> positional, IReadOnlyList<KeyValuePair<string, Expression>> named)
{
    public static readonly ArgumentList Empty = new([], []);

    public CallArguments Evaluate(RenderState state)
    {
        if (positional.Count == 0 && named.Count == 0) return CallArguments.None;
        object?[] values = new object?[positional.Count];
        for (int i = 0; i < values.Length; i++) values[i] = positional[i].Evaluate(state);
        var pairs = new KeyValuePair<string, object?>[named.Count];
        for (int i = 0; i < pairs.Length; i++) pairs[i] = new(named[i].Key, named[i].Value.Evaluate(state));
        return new CallArguments(values, pairs);
    }
}

internal sealed class Call(Expression callee, ArgumentList arguments, SourcePlace place) : Expression(place)
{
    protected override object? Compute(RenderState state)
    {
        object? function = callee.Evaluate(state);
        CallArguments values = arguments.Evaluate(state);
        return Invoke(state, function, values);
    }

    /// <summary>Calls with a block's body as the function <c>caller</c>.</summary>
    public object? EvaluateWith(RenderState state, TemplateFunction caller)
    {
        object? function = callee.Evaluate(state);
        CallArguments values = arguments.Evaluate(state);
        return Invoke(state, function, new CallArguments(values.Positional, [.. values.Named, new(MacroBlock.Caller, caller)]));
    }

    private object? Invoke(RenderState state, object? function, CallArguments values)
    {
        state.Place = Place;
        return function is TemplateFunction callable ? callable.Call(state, values) : throw new TemplateFault($"{TypeNames.Of(function)} cannot be called");
    }
}

internal sealed class FilterUse(Expression operand, string name, Filter filter, ArgumentList arguments, SourcePlace place) : Expression(place)
{
    public Expression Operand => operand;

    public string Name => name;

    protected override object? Compute(RenderState state)
    {
        object? value = operand.Evaluate(state);
        CallArguments values = arguments.Evaluate(state);
        state.Place = Place;
        state.Charge(value);
        return filter(state, value, values);
    }
}

internal sealed class TestUse(Expression operand, Test test, ArgumentList arguments, bool isNegated, SourcePlace place) : Expression(place)
{
    protected override object? Compute(RenderState state)
    {
        object? value = operand.Evaluate(state);
        CallArguments values = arguments.Evaluate(state);
        state.Place = Place;
        state.Charge(value);
        return test(state, value, values) != isNegated;
    }
}
