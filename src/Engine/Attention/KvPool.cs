namespace Orrery.Engine.Attention;

/// <summary>Reference-counted pages of a store, for callers without a scheduler. Not for several threads at once.</summary>
public sealed class KvPool
{
    private readonly int[] _references;
    private readonly int[] _free;

    public KvPool(KvStore store)
    {
        Store = store;
        _references = new int[store.Pages];
        _free = new int[store.Pages];
        // The lowest page lies on top: a store is used from its beginning, and the rest is never touched.
        for (int i = 0; i < _free.Length; i++) _free[i] = _free.Length - 1 - i;
        FreePages = _free.Length;
    }

    public KvStore Store { get; }

    /// <summary>Pages that belong to no sequence.</summary>
    public int FreePages { get; private set; }

    /// <summary>An empty sequence.</summary>
    /// <param name="expectedTokens">Tokens for which its page table has room from the start.</param>
    public KvSequence Create(int expectedTokens = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(expectedTokens);
        return new(this, PagesFor(expectedTokens));
    }

    /// <summary>Pages that hold so many tokens.</summary>
    public static int PagesFor(int tokens) => (int)(((long)tokens + KvStore.PageTokens - 1) / KvStore.PageTokens);

    /// <summary>A free page with one reference; the caller has made sure that there is one.</summary>
    internal int Take()
    {
        if (FreePages == 0) throw new InvalidOperationException("no free page");
        int page = _free[--FreePages];
        _references[page] = 1;
        return page;
    }

    internal void Share(int page) => _references[page]++;

    internal bool IsShared(int page) => _references[page] > 1;

    internal void Release(int page)
    {
        if (_references[page] <= 0) throw new InvalidOperationException($"page {page} was given back twice");
        if (--_references[page] == 0) _free[FreePages++] = page;
    }
}
