namespace Orrery.Engine.Tokenizers.Splitting;

internal enum PatternOp : byte
{
    /// <summary>One code point of the set.</summary>
    One,

    /// <summary>As many code points of the set as there are, between least and most; gives back one by one.</summary>
    Run,

    /// <summary>As <see cref="Run"/>, but what follows cannot begin with a code point of the set, so nothing is ever given back.</summary>
    FirmRun,

    /// <summary>Go on; when that fails, at the target.</summary>
    Fork,
    Jump,

    /// <summary>What follows, up to <see cref="Accept"/>, must fit here; then on at the target, at the same place.</summary>
    LookFor,
    LookAgainst,
    Accept,
}

internal readonly record struct PatternInstruction(PatternOp Op, CharSet? Set = null, int Least = 0, int Most = 0, int Target = 0);

/// <summary>A pattern as instructions for <see cref="PatternRule"/>.</summary>
internal static class PatternProgram
{
    public static PatternInstruction[] Compile(string pattern)
    {
        var program = new List<PatternInstruction>();
        Emit(PatternParser.Parse(pattern), program);
        program.Add(new(PatternOp.Accept));
        for (int i = 0; i + 1 < program.Count; i++)
        {
            if (program[i].Op != PatternOp.Run) continue;
            PatternInstruction next = program[i + 1];
            bool firm = next.Op == PatternOp.Accept
                || (next.Op == PatternOp.One || (next.Op is PatternOp.Run or PatternOp.FirmRun && next.Least > 0)) && program[i].Set!.IsDisjoint(next.Set!);
            if (firm) program[i] = program[i] with { Op = PatternOp.FirmRun };
        }
        return [.. program];
    }

    private static void Emit(PatternNode node, List<PatternInstruction> program)
    {
        switch (node)
        {
            case PatternNode.One one:
                program.Add(new(PatternOp.One, one.Set));
                break;
            case PatternNode.Chain chain:
                foreach (PatternNode part in chain.Parts) Emit(part, program);
                break;
            case PatternNode.Choice choice:
                EmitChoice(choice, program);
                break;
            case PatternNode.Repeat { Inner: PatternNode.One one } repeat:
                program.Add(new(PatternOp.Run, one.Set, repeat.Least, repeat.Most));
                break;
            case PatternNode.Repeat repeat:
                EmitRepeat(repeat, program);
                break;
            case PatternNode.Look look:
                int place = program.Count;
                program.Add(default);
                Emit(look.Inner, program);
                program.Add(new(PatternOp.Accept));
                program[place] = new(look.Negative ? PatternOp.LookAgainst : PatternOp.LookFor, Target: program.Count);
                break;
        }
    }

    private static void EmitChoice(PatternNode.Choice choice, List<PatternInstruction> program)
    {
        var jumps = new List<int>();
        for (int i = 0; i < choice.Branches.Count; i++)
        {
            bool last = i == choice.Branches.Count - 1;
            int fork = program.Count;
            if (!last) program.Add(default);
            Emit(choice.Branches[i], program);
            if (last) break;
            jumps.Add(program.Count);
            program.Add(default);
            program[fork] = new(PatternOp.Fork, Target: program.Count);
        }
        foreach (int jump in jumps) program[jump] = new(PatternOp.Jump, Target: program.Count);
    }

    /// <summary>Groups are repeated by writing them out; what is unlimited loops. No group of ours fits the empty text, so a loop always moves on.</summary>
    private static void EmitRepeat(PatternNode.Repeat repeat, List<PatternInstruction> program)
    {
        for (int i = 0; i < repeat.Least; i++) Emit(repeat.Inner, program);
        if (repeat.Most == int.MaxValue)
        {
            int loop = program.Count;
            program.Add(default);
            Emit(repeat.Inner, program);
            program.Add(new(PatternOp.Jump, Target: loop));
            program[loop] = new(PatternOp.Fork, Target: program.Count);
            return;
        }
        var forks = new List<int>();
        for (int i = repeat.Least; i < repeat.Most; i++)
        {
            forks.Add(program.Count);
            program.Add(default);
            Emit(repeat.Inner, program);
        }
        foreach (int fork in forks) program[fork] = new(PatternOp.Fork, Target: program.Count);
    }
}
