namespace Orrery.Serving.Systems.SleepTimeCompute;

/// <summary>
/// What thinking ahead costs: tokens of idle time are cheaper by the premium ρ of tokens that a user waits for (Lin et al. 2025, a and c).
/// With T_b test tokens of a question alone, T_b' beside a note, N questions on a context and C tokens for its note, the context costs
/// N·T_b without and C/ρ + N·T_b' with a note, in tokens at the price of query time.
/// </summary>
/// <param name="TestTokens">T_b.</param>
/// <param name="TestTokensWithNote">T_b'.</param>
/// <param name="SleepTokens">C.</param>
/// <param name="Premium">ρ.</param>
public readonly record struct SleepTimeCost(double TestTokens, double TestTokensWithNote, double SleepTokens, double Premium)
{
    /// <summary>Cost of a context's questions without a note.</summary>
    public double Standard(double questions) => questions * TestTokens;

    /// <summary>Cost of a context's questions with its note.</summary>
    public double WithNote(double questions) => (SleepTokens / Premium) + (questions * TestTokensWithNote);

    /// <summary>How many times less a question costs on average with a note.</summary>
    public double Gain(double questions) => Standard(questions) / WithNote(questions);

    /// <summary>Questions from which on a note pays: C / (ρ·(T_b − T_b')) (d); infinite where it saves nothing.</summary>
    public double BreakEvenQuestions => TestTokens > TestTokensWithNote ? SleepTokens / (Premium * (TestTokens - TestTokensWithNote)) : double.PositiveInfinity;

    /// <summary>
    /// The C that gives a gain at so many questions: ρ·N·(T_b / gain − T_b') (d). Negative where no note is cheap enough.
    /// </summary>
    public double SleepTokensFor(double gain, double questions) => Premium * questions * ((TestTokens / gain) - TestTokensWithNote);
}
