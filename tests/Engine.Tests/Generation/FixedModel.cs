using Orrery.Engine.Generation;

namespace Orrery.Engine.Tests.Generation;

/// <summary>The same scores everywhere, without any work or memory.</summary>
internal sealed class FixedModel(float[] scores) : ITokenModel
{
    public int VocabularySize => scores.Length;

    public int ContextLength => 4096;

    public ITokenSequence CreateSequence() => new Sequence(scores);

    private sealed class Sequence(float[] scores) : ITokenSequence
    {
        public int Length { get; private set; }

        public void Extend(ReadOnlySpan<int> tokens, int scoredTokens) => Length += tokens.Length;

        public ReadOnlySpan<float> Logits(int row) => scores;

        public void Truncate(int length) => Length = length;

        public void Dispose()
        {
        }
    }
}
