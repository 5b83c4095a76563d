namespace Orrery.Engine.Attention;

/// <summary>The pages of one sequence: it grows by reserving, shares prefixes by forking, and shrinks by truncation.</summary>
/// <remarks>
/// Order of use: <see cref="TryReserve"/>, write the tokens into <see cref="Pages"/>, <see cref="Advance"/>. A page that several sequences share is
/// copied before the first of them writes into it.
/// </remarks>
public sealed class KvSequence : IDisposable
{
    private readonly KvPool _pool;
    private int[] _pages;
    private int _pageCount;
    private int _reserved;
    private bool _swapped;
    private bool _disposed;

    internal KvSequence(KvPool pool, int pages)
    {
        _pool = pool;
        _pages = pages == 0 ? [] : new int[pages];
    }

    /// <summary>Tokens whose keys and values are written.</summary>
    public int Tokens { get; private set; }

    /// <summary>The page table; empty while swapped out.</summary>
    public ReadOnlySpan<int> Pages => _pages.AsSpan(0, _pageCount);

    public bool IsSwappedOut => _swapped;

    /// <summary>Bytes that <see cref="SwapOut"/> needs.</summary>
    public long SwapBytes => KvPool.PagesFor(Tokens) * _pool.Store.PageBytes;

    /// <summary>Makes room for more tokens after the last.</summary>
    /// <returns>False, with nothing changed, where the pool has too few free pages.</returns>
    public bool TryReserve(int tokens)
    {
        RequireResident();
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        if (tokens == 0) return true;
        int wanted = KvPool.PagesFor(checked(Tokens + tokens));
        int last = Tokens / KvStore.PageTokens;
        bool copies = last < _pageCount && _pool.IsShared(_pages[last]);
        if (Math.Max(0, wanted - _pageCount) + (copies ? 1 : 0) > _pool.FreePages) return false;
        if (copies)
        {
            int shared = _pages[last];
            _pages[last] = _pool.Take();
            _pool.Store.CopyPage(shared, _pages[last]);
            _pool.Release(shared);
        }
        if (wanted > _pages.Length) Array.Resize(ref _pages, Math.Max(wanted, 2 * _pages.Length));
        while (_pageCount < wanted) _pages[_pageCount++] = _pool.Take();
        _reserved = Math.Max(_reserved, Tokens + tokens);
        return true;
    }

    /// <summary>Counts tokens that have been written into reserved room.</summary>
    /// <exception cref="InvalidOperationException">More than were reserved. A fork ends the reservations of its source.</exception>
    public void Advance(int tokens)
    {
        RequireResident();
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        if (Tokens + (long)tokens > _reserved) throw new InvalidOperationException($"{tokens} tokens were written but only {_reserved - Tokens} reserved");
        Tokens += tokens;
    }

    /// <summary>A new sequence that shares the first tokens of this one.</summary>
    public KvSequence Fork(int tokens)
    {
        RequireResident();
        RequirePrefix(tokens);
        // What was reserved but not written may lie in a page that is shared from now on.
        DropReserve();
        int pages = KvPool.PagesFor(tokens);
        var fork = new KvSequence(_pool, pages) { Tokens = tokens, _reserved = tokens, _pageCount = pages };
        for (int i = 0; i < pages; i++)
        {
            fork._pages[i] = _pages[i];
            _pool.Share(_pages[i]);
        }
        return fork;
    }

    /// <summary>Forgets all tokens from a position on, and what was reserved.</summary>
    public void Truncate(int tokens)
    {
        RequireResident();
        RequirePrefix(tokens);
        Tokens = tokens;
        DropReserve();
    }

    /// <summary>Copies the pages to a buffer of <see cref="SwapBytes"/> and gives them back.</summary>
    public void SwapOut(Span<byte> buffer)
    {
        RequireResident();
        RequireBuffer(buffer.Length);
        DropReserve();
        int bytes = (int)_pool.Store.PageBytes;
        for (int i = 0; i < _pageCount; i++) _pool.Store.SwapOut(_pages[i], buffer.Slice(i * bytes, bytes));
        ReleaseFrom(0);
        _swapped = true;
    }

    /// <summary>Takes pages again and fills them from the buffer.</summary>
    /// <returns>False, with nothing changed, where the pool has too few free pages.</returns>
    public bool TrySwapIn(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_swapped) throw new InvalidOperationException("the sequence is not swapped out");
        RequireBuffer(buffer.Length);
        int pages = KvPool.PagesFor(Tokens);
        if (pages > _pool.FreePages) return false;
        int bytes = (int)_pool.Store.PageBytes;
        for (; _pageCount < pages; _pageCount++)
        {
            _pages[_pageCount] = _pool.Take();
            _pool.Store.SwapIn(buffer.Slice(_pageCount * bytes, bytes), _pages[_pageCount]);
        }
        _swapped = false;
        return true;
    }

    /// <summary>Gives all pages back.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        ReleaseFrom(0);
    }

    private void DropReserve()
    {
        _reserved = Tokens;
        ReleaseFrom(KvPool.PagesFor(Tokens));
    }

    private void ReleaseFrom(int page)
    {
        // From the end, so that the pages come back in their order.
        while (_pageCount > page) _pool.Release(_pages[--_pageCount]);
    }

    private void RequireResident()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_swapped) throw new InvalidOperationException("the sequence is swapped out");
    }

    private void RequirePrefix(int tokens)
    {
        if (tokens < 0 || tokens > Tokens) throw new ArgumentOutOfRangeException(nameof(tokens), tokens, $"the sequence has {Tokens} tokens");
    }

    private void RequireBuffer(int bytes)
    {
        if (bytes != SwapBytes) throw new ArgumentException($"the sequence needs {SwapBytes} bytes, the buffer has {bytes}");
    }
}
