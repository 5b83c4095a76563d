namespace Orrery.World.Profiles;

/// <summary>The prompt chunks of a step as attention sees them; sums over chunks, so that adding them is all that a step does.</summary>
public struct PrefillWork
{
    /// <summary>Query rows of a block: what tiled attention kernels use for heads of 128 (b); chunks are computed in whole tiles.</summary>
    public const int TileRows = 64;

    public int Chunks { get; private set; }

    public long QueryTokens { get; private set; }

    /// <summary>Blocks of <see cref="TileRows"/> query rows, for one head.</summary>
    public long Tiles { get; private set; }

    /// <summary>Query-key pairs under causal attention, rows padded to whole tiles.</summary>
    public double PaddedPairs { get; private set; }

    /// <summary>Cached and new tokens whose keys and values are read.</summary>
    public long KvTokens { get; private set; }

    /// <summary>Longest sequence, history and chunk.</summary>
    public long LongestKv { get; private set; }

    /// <summary>Sum of the squares of the chunk lengths: large chunks weigh more in the mean that the kernel's efficiency depends on.</summary>
    private double SquaredTokens { get; set; }

    /// <summary>Sum over new tokens of the history of their sequence.</summary>
    private double HistorySum { get; set; }

    /// <summary>Length of a typical chunk: the mean over new tokens.</summary>
    public readonly double TypicalTokens => SquaredTokens / QueryTokens;

    /// <summary>How many typical chunks make up the work.</summary>
    public readonly double TypicalChunks => (double)QueryTokens * QueryTokens / SquaredTokens;

    /// <summary>History of a typical chunk.</summary>
    public readonly double TypicalHistory => HistorySum / QueryTokens;

    /// <summary>
    /// Adds a chunk whose tokens see at most the last <paramref name="window"/> tokens: one with less history where the window covers the
    /// chunk, else pieces as long as the window with half a window before each, which make as many pairs.
    /// </summary>
    public void AddWindowed(long tokens, long history, long window)
    {
        if (tokens <= window)
        {
            Add(tokens, Math.Min(history, Math.Max(0, window - ((tokens + 1) / 2))));
            return;
        }
        long pieces = (tokens + window - 1) / window;
        Add(Math.Max(1, tokens / pieces), window / 2, (int)Math.Min(pieces, int.MaxValue));
    }

    /// <summary>The part of one of several ranks over which the sequences are spread evenly.</summary>
    public readonly PrefillWork Share(int ranks) => this with
    {
        Chunks = (Chunks + ranks - 1) / ranks,
        QueryTokens = (QueryTokens + ranks - 1) / ranks,
        Tiles = (Tiles + ranks - 1) / ranks,
        PaddedPairs = PaddedPairs / ranks,
        KvTokens = (KvTokens + ranks - 1) / ranks,
        SquaredTokens = SquaredTokens / ranks,
        HistorySum = HistorySum / ranks,
    };

    /// <summary>Adds equal chunks.</summary>
    /// <param name="tokens">New tokens of each, at least 1.</param>
    /// <param name="history">Tokens of the same sequence that are cached already.</param>
    /// <param name="count">How many.</param>
    public void Add(long tokens, long history, int count = 1)
    {
        long tiles = (tokens + TileRows - 1) / TileRows;
        double pairs = ((double)tokens * history) + ((double)tokens * (tokens + 1) / 2);
        Chunks += count;
        QueryTokens += count * tokens;
        Tiles += count * tiles;
        PaddedPairs += count * pairs * (tiles * TileRows) / tokens;
        KvTokens += count * (history + tokens);
        LongestKv = Math.Max(LongestKv, history + tokens);
        SquaredTokens += (double)count * tokens * tokens;
        HistorySum += (double)count * tokens * history;
    }
}
