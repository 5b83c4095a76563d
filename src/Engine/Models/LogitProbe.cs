using Orrery.Kernel;

namespace Orrery.Engine.Models;

/// <summary>A token and the natural logarithm of its probability.</summary>
public readonly record struct TokenLogProbability(int Id, double LogProbability);

/// <summary>One greedy step: the token taken and the most probable ones, best first.</summary>
public sealed record LogitStep(int Id, IReadOnlyList<TokenLogProbability> Top);

/// <summary>The logits that follow a sequence.</summary>
/// <param name="tokens">The whole sequence; the same as at the last call, with <paramref name="added"/> tokens more.</param>
/// <param name="added">How many at its end are new.</param>
public delegate ReadOnlySpan<float> NextLogits(ReadOnlySpan<int> tokens, int added);

/// <summary>Continues a sequence greedily and tells the most probable tokens of each step: what one compares with other engines.</summary>
public static class LogitProbe
{
    /// <param name="next">The model.</param>
    /// <param name="config">Says which ids and lengths there are.</param>
    /// <param name="ids">The tokens to start from.</param>
    /// <param name="steps">How many tokens to take, at least one.</param>
    /// <param name="top">How many of each step's tokens to tell, at least one.</param>
    /// <exception cref="InputException">No ids, ids out of the vocabulary, or more tokens than the model's context.</exception>
    public static IReadOnlyList<LogitStep> Run(NextLogits next, ModelConfig config, IReadOnlyList<int> ids, int steps, int top)
    {
        Check(config, ids, steps);
        int[] tokens = new int[ids.Count + steps];
        for (int i = 0; i < ids.Count; i++) tokens[i] = ids[i];
        var taken = new List<LogitStep>(steps);
        int count = ids.Count, added = ids.Count;
        for (int step = 0; step < steps; step++)
        {
            TokenLogProbability[] best = Best(next(tokens.AsSpan(0, count), added), top);
            taken.Add(new LogitStep(best[0].Id, best));
            tokens[count++] = best[0].Id;
            added = 1;
        }
        return taken;
    }

    /// <summary>Holds a sequence against the model's vocabulary and context.</summary>
    /// <exception cref="InputException">See <see cref="Run"/>.</exception>
    public static void Check(ModelConfig config, IReadOnlyList<int> ids, int steps)
    {
        if (ids.Count == 0) throw new InputException("there are no token ids to start from; give at least one, such as the model's first token 1");
        foreach (int id in ids)
        {
            if (id < 0 || id >= config.Vocabulary)
                throw new InputException($"token id {id} is not in the vocabulary of {config.FileName}; its ids go from 0 to {config.Vocabulary - 1}");
        }
        if ((long)ids.Count + steps - 1 > config.ContextLength)
            throw new InputException($"{ids.Count} ids and {steps} steps are more than the {config.ContextLength} tokens of context that {config.FileName} was made for; give fewer");
    }

    /// <summary>The <paramref name="top"/> most probable tokens, best first; of equal ones the lower id first.</summary>
    /// <exception cref="InputException">A logit is no finite number: the file's weights are damaged.</exception>
    public static TokenLogProbability[] Best(ReadOnlySpan<float> logits, int top)
    {
        float most = float.NegativeInfinity;
        foreach (float logit in logits)
        {
            if (!float.IsFinite(logit)) throw new InputException("the model's logits are not finite numbers; its weights are damaged: give a sound file");
            most = Math.Max(most, logit);
        }
        double total = 0;
        foreach (float logit in logits) total += Math.Exp((double)logit - most);
        double logTotal = most + Math.Log(total);
        int kept = Math.Min(top, logits.Length);
        var best = new TokenLogProbability[kept];
        int count = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            double value = logits[id] - logTotal;
            if (count == kept && value <= best[kept - 1].LogProbability) continue;
            int place = count < kept ? count++ : kept - 1;
            for (; place > 0 && best[place - 1].LogProbability < value; place--) best[place] = best[place - 1];
            best[place] = new TokenLogProbability(id, value);
        }
        return best;
    }
}
