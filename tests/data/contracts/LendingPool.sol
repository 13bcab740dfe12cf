// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface IToken {
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
    function balanceOf(address account) external view returns (uint256);
}

interface IPriceFeed {
    function latestAnswer() external view returns (int256);
    function latestTimestamp() external view returns (uint256);
}

library WadMath {
    uint256 internal constant WAD = 1e18;

    function mulDown(uint256 a, uint256 b) internal pure returns (uint256) {
        return (a * b) / WAD;
    }

    function divDown(uint256 a, uint256 b) internal pure returns (uint256) {
        return (a * WAD) / b;
    }

    function divUp(uint256 a, uint256 b) internal pure returns (uint256) {
        return (a * WAD + b - 1) / b;
    }
}

abstract contract PoolStorage {
    struct Market {
        IToken asset;
        IPriceFeed feed;
        uint256 totalSupplied;
        uint256 totalBorrowed;
        uint256 borrowIndex;
        uint256 lastAccrual;
        uint256 collateralFactor;
        bool listed;
    }

    struct Debt {
        uint256 principal;
        uint256 index;
    }

    address internal _admin;
    uint256 internal _entered;
    address[] internal _markets;
    mapping(address => Market) internal _market;
    mapping(address => mapping(address => uint256)) internal _collateral;
    mapping(address => mapping(address => Debt)) internal _debt;
}

/// @title LendingPool lends listed tokens against other listed tokens.
/// @dev An example for tests; it has faults on purpose. Never deploy it.
contract LendingPool is PoolStorage {
    using WadMath for uint256;

    uint256 public constant LIQUIDATION_BONUS = 1.08e18;
    uint256 public constant CLOSE_FACTOR = 0.5e18;
    uint256 public constant RATE_PER_SECOND = 1585489599;

    event Supplied(address indexed asset, address indexed account, uint256 amount);
    event Redeemed(address indexed asset, address indexed account, uint256 amount);
    event Borrowed(address indexed asset, address indexed account, uint256 amount);
    event Repaid(address indexed asset, address indexed account, uint256 amount);
    event Liquidated(address indexed borrower, address indexed liquidator, uint256 seized);

    error NotListed(address asset);
    error Undercollateralised(address account, uint256 health);
    error Reentered();

    modifier onlyAdmin() {
        require(msg.sender == _admin, "LendingPool: not admin");
        _;
    }

    modifier nonReentrant() {
        if (_entered == 1) revert Reentered();
        _entered = 1;
        _;
        _entered = 0;
    }

    constructor() {
        _admin = msg.sender;
    }

    function listMarket(
        address asset,
        IPriceFeed feed,
        uint256 collateralFactor
    ) external onlyAdmin {
        Market storage market = _market[asset];
        require(!market.listed, "LendingPool: listed");
        market.asset = IToken(asset);
        market.feed = feed;
        market.collateralFactor = collateralFactor;
        market.borrowIndex = WadMath.WAD;
        market.lastAccrual = block.timestamp;
        market.listed = true;
        _markets.push(asset);
    }

    function accrue(address asset) public {
        Market storage market = _market[asset];
        uint256 elapsed = block.timestamp - market.lastAccrual;
        if (elapsed == 0) return;
        uint256 factor = elapsed * RATE_PER_SECOND;
        uint256 interest = market.totalBorrowed.mulDown(factor);
        market.totalBorrowed += interest;
        market.borrowIndex += market.borrowIndex.mulDown(factor);
        market.lastAccrual = block.timestamp;
    }

    function supply(address asset, uint256 amount) external {
        Market storage market = _market[asset];
        if (!market.listed) revert NotListed(asset);
        accrue(asset);
        market.asset.transferFrom(msg.sender, address(this), amount);
        _collateral[asset][msg.sender] += amount;
        market.totalSupplied += amount;
        emit Supplied(asset, msg.sender, amount);
    }

    function redeem(address asset, uint256 amount) external {
        Market storage market = _market[asset];
        if (!market.listed) revert NotListed(asset);
        accrue(asset);
        market.asset.transfer(msg.sender, amount);
        _collateral[asset][msg.sender] -= amount;
        market.totalSupplied -= amount;
        _requireHealthy(msg.sender);
        emit Redeemed(asset, msg.sender, amount);
    }

    function borrow(address asset, uint256 amount) external nonReentrant {
        Market storage market = _market[asset];
        if (!market.listed) revert NotListed(asset);
        accrue(asset);

        Debt storage debt = _debt[asset][msg.sender];
        uint256 owed = _owed(asset, msg.sender);
        debt.principal = owed + amount;
        debt.index = market.borrowIndex;
        market.totalBorrowed += amount;

        _requireHealthy(msg.sender);
        market.asset.transfer(msg.sender, amount);
        emit Borrowed(asset, msg.sender, amount);
    }

    function repay(address asset, uint256 amount) external nonReentrant {
        Market storage market = _market[asset];
        if (!market.listed) revert NotListed(asset);
        accrue(asset);

        uint256 owed = _owed(asset, msg.sender);
        uint256 paid = amount > owed ? owed : amount;
        market.asset.transferFrom(msg.sender, address(this), paid);

        Debt storage debt = _debt[asset][msg.sender];
        debt.principal = owed - paid;
        debt.index = market.borrowIndex;
        market.totalBorrowed -= paid;
        emit Repaid(asset, msg.sender, paid);
    }

    /// @notice Pays a part of somebody's debt and takes their collateral for it.
    function liquidate(
        address borrower,
        address debtAsset,
        address collateralAsset,
        uint256 amount
    ) external nonReentrant {
        accrue(debtAsset);
        accrue(collateralAsset);
        require(health(borrower) < WadMath.WAD, "LendingPool: healthy");

        uint256 owed = _owed(debtAsset, borrower);
        require(amount <= owed.mulDown(CLOSE_FACTOR), "LendingPool: too much");

        _market[debtAsset].asset.transferFrom(msg.sender, address(this), amount);
        _debt[debtAsset][borrower].principal = owed - amount;
        _debt[debtAsset][borrower].index = _market[debtAsset].borrowIndex;

        uint256 value = amount.mulDown(_price(debtAsset)).mulDown(LIQUIDATION_BONUS);
        uint256 seized = value.divDown(_price(collateralAsset));
        _collateral[collateralAsset][borrower] -= seized;
        _collateral[collateralAsset][msg.sender] += seized;
        emit Liquidated(borrower, msg.sender, seized);
    }

    function health(address account) public view returns (uint256) {
        uint256 backing;
        uint256 owed;
        for (uint256 i = 0; i < _markets.length; i++) {
            address asset = _markets[i];
            uint256 price = _price(asset);
            uint256 held = _collateral[asset][account];
            backing += held.mulDown(price).mulDown(_market[asset].collateralFactor);
            owed += _owed(asset, account).mulDown(price);
        }
        if (owed == 0) {
            return type(uint256).max;
        }
        return backing.divDown(owed);
    }

    function _owed(address asset, address account) internal view returns (uint256) {
        Debt storage debt = _debt[asset][account];
        if (debt.principal == 0) {
            return 0;
        }
        return (debt.principal * _market[asset].borrowIndex) / debt.index;
    }

    function _price(address asset) internal view returns (uint256) {
        int256 answer = _market[asset].feed.latestAnswer();
        // Neither the sign nor the age of the answer is checked.
        return uint256(answer);
    }

    function _requireHealthy(address account) internal view {
        uint256 factor = health(account);
        if (factor < WadMath.WAD) {
            revert Undercollateralised(account, factor);
        }
    }
}
