using System.Numerics;
using Orrery.Engine.Models;
using Orrery.Kernel;
using Orrery.Live.Streams;

namespace Orrery.Live.Replicas;

/// <summary>Choosing tokens: on the engine's thread.</summary>
internal sealed partial class LiveAnswer
{
    /// <summary>Forgets what the last step brought.</summary>
    public void BeginStep()
    {
        _pieces.Clear();
        Accepted = 0;
    }

    /// <summary>Chooses the next token and sees whether it ends the answer.</summary>
    /// <param name="rows">What the pass computed.</param>
    /// <param name="row">The answer's first row.</param>
    public void Choose(in ForwardResult rows, int row)
    {
        try
        {
            ReadOnlySpan<float> scores = rows.Row(row);
            Accept(Sampler.Next(scores, _count, Mask), scores);
        }
        catch (Exception error) when (error is InputException or InvalidOperationException)
        {
            // The grammar cannot be followed, or the model's scores are no numbers: this answer's affair alone.
            Fail(error.Message);
        }
    }

    private void Fail(string reason)
    {
        _pieces.Clear();
        End = StreamEnd.Failed;
        Failure = reason;
    }

    private void Accept(int token, ReadOnlySpan<float> scores)
    {
        Append([token]);
        Sampler.Accept(token);
        Produced++;
        bool isComplete = false;
        if (_ends.Contains(token))
        {
            End = StreamEnd.Stop;
        }
        else if (Mask is not null)
        {
            if (!Mask.TryAccept(token)) throw new InvalidOperationException($"the grammar allowed token {token} and then refused it");
            isComplete = Mask.IsComplete && AllowsOnlyTheEnd();
        }
        string text = End == StreamEnd.Stop ? "" : Cut(_text.Append(token));
        if (End == StreamEnd.None && Produced == Sequence!.MaxTokens) End = StreamEnd.Length;
        if (End == StreamEnd.None && isComplete) End = StreamEnd.Stop;
        if (Sampler.Options.Logprobs is { } likeliest)
        {
            Sampler.Report(scores, token);
            _pieces.Add(new(token, text, Sampler.Chosen.Logprob, likeliest == 0 ? null : Sampler.Likeliest.ToArray()));
        }
        else
        {
            _pieces.Add(new(token, text, 0f, null));
        }
        if (End != StreamEnd.None && StoppedAt is null) Flush();
    }

    /// <summary>Gives out what was held back for a stop string or an incomplete character.</summary>
    private void Flush()
    {
        string rest = Cut(_text.Flush());
        if (StoppedAt is null) rest += _stops.Flush();
        if (rest.Length > 0) _pieces.Add(new(null, rest, 0f, null));
    }

    private string Cut(string text)
    {
        string safe = _stops.Append(text);
        if (StoppedAt is not null) End = StreamEnd.Stop;
        return safe;
    }

    private bool AllowsOnlyTheEnd()
    {
        Array.Clear(_allowed);
        Mask!.Allowed(_allowed);
        for (int word = 0; word < _allowed.Length; word++)
        {
            for (ulong bits = _allowed[word]; bits != 0; bits &= bits - 1)
            {
                if (!_ends.Contains((word * 64) + BitOperations.TrailingZeroCount(bits))) return false;
            }
        }
        return true;
    }
}
