from ser.progress import parallel_map


def square(number: int) -> int:
    return number * number


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(parallel_map(square, range(50), "squares")) == [number * number for number in range(50)]


def test_nothing_gives_nothing() -> None:
    assert list(parallel_map(square, [], "squares")) == []
