using System.Runtime.CompilerServices;
using System.Text;

namespace Orrery.Engine.Templates;

/// <summary>Names and their values in one block; what is not here is looked for outside.</summary>
internal sealed class Scope(Scope? outer)
{
    private Dictionary<string, object?>? _values;

    public void Set(string name, object? value) => (_values ??= new Dictionary<string, object?>(StringComparer.Ordinal))[name] = value;

    public bool TryGet(string name, out object? value)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._values is { } values && values.TryGetValue(name, out value)) return true;
        }
        value = null;
        return false;
    }

    private Scope? Outer => outer;
}

/// <summary>One rendering: where names are looked up, where text goes, and what may still be spent, so that no template can hang or fill the memory.</summary>
internal sealed class RenderState
{
    /// <summary>Nodes that one rendering may evaluate. The longest templates of public models take about 100 a message.</summary>
    public const int StepLimit = 4_000_000;

    /// <summary>Characters of one text, the output among them: about a hundred times the prompt that a long-context model reads.</summary>
    public const int LengthLimit = 16 << 20;

    /// <summary>Characters that one rendering may make in all, intermediate texts counted.</summary>
    public const long CharacterLimit = 64L << 20;

    /// <summary>Nodes within nodes, macros included.</summary>
    public const int DepthLimit = 600;

    /// <summary>Characters that are read in about the time of one step.</summary>
    public const int CharactersAStep = 32;

    private readonly Stack<StringBuilder> _captures = new();
    private StringBuilder _output = new();
    private int _steps;
    private long _characters;
    private int _depth;

    public RenderState(Scope globals, DateTime? now)
    {
        Scope = globals;
        Now = now;
    }

    public Scope Scope { get; set; }

    /// <summary>What the caller says the time is; null when no one told.</summary>
    public DateTime? Now { get; }

    /// <summary>The node at work, for errors.</summary>
    public SourcePlace Place { get; set; }

    public string Output => _output.ToString();

    public void Emit(string text)
    {
        CheckLength((long)_output.Length + text.Length);
        _output.Append(text);
    }

    /// <summary>From here output is collected apart, until <see cref="EndCapture"/> hands it over.</summary>
    public void BeginCapture()
    {
        _captures.Push(_output);
        _output = new StringBuilder();
    }

    public string EndCapture()
    {
        string text = Made(_output.ToString());
        _output = _captures.Pop();
        return text;
    }

    public void Step(int count = 1)
    {
        _steps += count;
        if (_steps > StepLimit) throw new TemplateFault($"the template does not come to an end within {StepLimit} steps");
    }

    /// <summary>Counts the reading of a value: long texts cost steps, whatever is done with them.</summary>
    public void Charge(object? value)
    {
        if (value is string text) Step(text.Length / CharactersAStep);
    }

    /// <summary>Counts a text that was just made.</summary>
    public string Made(string text)
    {
        CheckLength(text.Length);
        _characters += text.Length;
        if (_characters > CharacterLimit) throw new TemplateFault($"the template makes more than {CharacterLimit} characters");
        return text;
    }

    /// <summary>To be asked before a text of this length is made.</summary>
    public void CheckLength(long length)
    {
        if (length > LengthLimit) throw new TemplateFault($"a text of the template is longer than {LengthLimit} characters");
    }

    public void Enter()
    {
        Step();
        if (++_depth > DepthLimit || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw new TemplateFault($"the template is nested deeper than {DepthLimit} (a macro that calls itself?)");
    }

    public void Leave() => _depth--;
}
