using Orrery.Engine.Generation;
using Orrery.Engine.Models;
using Orrery.Engine.Sampling;
using Orrery.Kernel;
using Orrery.Live.Streams;

namespace Orrery.Live.Replicas;

/// <summary>Verifying proposed tokens, by the rules of the engine's <see cref="SpeculativeDecoding"/>: on the engine's thread.</summary>
internal sealed partial class LiveAnswer
{
    private int[] _pass = [];

    /// <summary>Made the last proposal; the answer's own where it is a model.</summary>
    public IDrafter? Drafter { get; set; }

    /// <summary>Proposed tokens that turned out right in the last step.</summary>
    public int Accepted { get; private set; }

    /// <summary>Asks for proposals.</summary>
    /// <param name="drafts">Where they come from.</param>
    /// <param name="most">The most that the plan has memory for.</param>
    /// <returns>How many there are.</returns>
    public int Propose(LiveDrafts drafts, int most)
    {
        if (_pass.Length <= most) _pass = new int[most + 1];
        _pass[0] = _tokens[_count - 1];
        return drafts.Propose(this, _pass.AsSpan(1, most));
    }

    /// <summary>The last token and the proposed ones behind it.</summary>
    public ReadOnlySpan<int> Pass(int proposed) => _pass.AsSpan(0, proposed + 1);

    /// <summary>Takes the proposed tokens that the model would have chosen itself, and one of its own behind them.</summary>
    /// <param name="rows">What the pass computed.</param>
    /// <param name="row">The row of the last token before the proposed ones.</param>
    /// <param name="proposed">How many.</param>
    /// <param name="target">Room for a distribution.</param>
    public void Verify(in ForwardResult rows, int row, int proposed, float[] target)
    {
        try
        {
            for (int i = 0; ; i++)
            {
                ReadOnlySpan<float> scores = rows.Row(row + i);
                int token = i < proposed ? Check(scores, i, target) : Sampler.Next(scores, _count, Mask);
                bool isRight = i < proposed && token == _pass[i + 1];
                if (isRight) Accepted++;
                Accept(token, scores);
                if (!isRight || End != StreamEnd.None || TokensToStop == 0) return;
            }
        }
        catch (Exception error) when (error is InputException or InvalidOperationException)
        {
            Fail(error.Message);
        }
    }

    /// <summary>The token in the place of a proposed one: the proposed one itself when it is accepted.</summary>
    private int Check(ReadOnlySpan<float> scores, int index, float[] target)
    {
        ReadOnlySpan<float> draft = Drafter!.Distribution(index);
        if (draft.IsEmpty) return Sampler.Next(scores, _count, Mask);
        Sampler.Distribution(scores, Mask, target);
        int guess = _pass[index + 1];
        return Rejection.Accepts(target, draft, guess, Sampler.Uniform(_count, DrawPurpose.Accept))
            ? guess
            : Rejection.Residual(target, draft, Sampler.Uniform(_count, DrawPurpose.Residual));
    }
}
